"""DNS messages, answers and their cache. Sending and waiting is aio's part."""
