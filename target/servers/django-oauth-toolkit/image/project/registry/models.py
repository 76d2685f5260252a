from django.db import models
from oauth2_provider.models import AbstractApplication


class Client(AbstractApplication):
    """An application with scopes of its own, and with several grants (both by the documentation)."""

    scope = models.TextField(blank=True)
    grants = models.TextField(blank=True)  # as django-oauth-toolkit calls them, separated by spaces

    def allows_grant_type(self, *grant_types):
        return bool(set(self.grants.split()) & set(grant_types))


class Scope(models.Model):
    """A scope that the server knows."""

    name = models.CharField(max_length=200, primary_key=True)
    description = models.TextField()
