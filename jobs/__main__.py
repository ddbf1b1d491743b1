"""The console script: stop signals count from the first line, before the commands and what they need are loaded."""

from jobs.signals import end_at_signal, interrupt_at_signal


def main() -> None:
    """Runs the command that this process's arguments name."""
    end_at_signal()
    from jobs.cli import main as run

    interrupt_at_signal()
    run()


if __name__ == "__main__":
    main()
