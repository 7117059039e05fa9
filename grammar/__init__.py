"""The grammar of the language and samples of its mistakes."""
