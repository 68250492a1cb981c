"""Two targets, or a target and a recording, asked the same: where do their answers differ?"""
