"""Searching for settings: many trainings, each begun where the earlier ones did well."""
