"""The front door: takes what a wire sends, answers once Kafka has it."""
