"""The tracker: protocol and swarms are pure, the server has the sockets."""
