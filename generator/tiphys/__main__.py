"""`python -m tiphys`."""

from tiphys.cli import main

if __name__ == "__main__":
    main()
