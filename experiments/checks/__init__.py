"""Does the world behave like the published figures, and is everything installed and readable?"""
