"""`python -m zhenfen`, and what spark-submit is given: it takes a file that ends in .py."""

from zhenfen.cli.main import main

if __name__ == "__main__":
    main()
