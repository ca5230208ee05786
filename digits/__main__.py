"""`python -m digits predict`: the project's command."""

from digits.serving.predict import main

if __name__ == "__main__":
    main()
