"""The commands of `precall`, by what they are for; what is heavy is imported by the command that needs it."""
