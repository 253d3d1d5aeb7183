"""How newswire is run: embedded servers, containers, dashboards."""
