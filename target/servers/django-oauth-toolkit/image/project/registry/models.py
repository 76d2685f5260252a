from functools import lru_cache

from django.db import models
from jwcrypto import jwk
from oauth2_provider.models import AbstractApplication
from oauth2_provider.settings import oauth2_settings


@lru_cache(maxsize=1)
def signing_key(pem):
    """The key of all clients, read once: that takes longer than everything else about a token."""
    return jwk.JWK.from_pem(pem.encode())


class Client(AbstractApplication):
    """An application with scopes of its own, and with several grants (both by the documentation)."""

    scope = models.TextField(blank=True)
    grants = models.TextField(blank=True)  # as django-oauth-toolkit calls them, separated by spaces

    def allows_grant_type(self, *grant_types):
        return bool(set(self.grants.split()) & set(grant_types))

    @property
    def jwk_key(self):
        return signing_key(oauth2_settings.OIDC_RSA_PRIVATE_KEY)


class Scope(models.Model):
    """A scope that the server knows."""

    name = models.CharField(max_length=200, primary_key=True)
    description = models.TextField()
