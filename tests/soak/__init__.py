"""A soak: streams that run for long, at 64 frames, while everything that can go wrong does, again and again."""
