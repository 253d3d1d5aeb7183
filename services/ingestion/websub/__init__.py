"""WebSub (W3C Recommendation of 2018, and PubSubHubbub 0.4): hubs that send a polled feed's news at once."""
