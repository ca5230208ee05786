"""The command `python -m digits predict`."""

from digits.serving.predict import main

if __name__ == "__main__":
    main()
