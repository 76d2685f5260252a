"""The two places where django-oauth-toolkit asks the project: for scopes and for claims."""

from oauth2_provider.models import AbstractApplication
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import BaseScopes

from .models import Scope
from .people import CLAIMS, PEOPLE

DEFAULT = "read:appointments"
PERSONAL = {"openid", "offline_access", *CLAIMS}


class Scopes(BaseScopes):
    def get_all_scopes(self):
        return {scope.name: scope.description for scope in Scope.objects.all()}

    def get_available_scopes(self, application=None, request=None, *args, **kwargs):
        known = self.get_all_scopes()
        if application is None:
            return list(known)
        mine = [name for name in application.scope.split() if name in known]
        if application.grants == AbstractApplication.GRANT_CLIENT_CREDENTIALS:
            return [name for name in mine if name not in PERSONAL]  # nobody is there whom they could be about
        return mine

    def get_default_scopes(self, application=None, request=None, *args, **kwargs):
        available = self.get_available_scopes(application, request)
        return [DEFAULT] if DEFAULT in available else available


class Validator(OAuth2Validator):
    def get_additional_claims(self, request):
        """Claims by scope (OpenID Connect Core section 5.4)."""
        token = getattr(request, "access_token", None)
        granted = token.scope.split() if hasattr(token, "scope") else request.scopes
        person = PEOPLE[request.user.username]
        wanted = {claim for scope in granted for claim in CLAIMS.get(scope, ())}
        return {claim: person[claim] for claim in sorted(wanted) if claim in person}
