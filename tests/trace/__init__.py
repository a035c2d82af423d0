# ruff: noqa: A005 -- named after what it tests; nothing here imports the module of that name
