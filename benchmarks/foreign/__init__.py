"""Operators of a second family, to be judged on beside the simulator's: other load shapes, other noise, other events.

Nothing here imports the simulator, or anything else of the product but where a dataset is scored (`score`): both families
have the file layout of an operator dataset and the counter names of 3GPP in common, and nothing more.

    .venv/bin/python -m benchmarks.foreign.score 501             the stages on one operator, with all that is false or missed
    .venv/bin/python -m benchmarks.foreign.score 501 --people    a whole backtest of it
"""
