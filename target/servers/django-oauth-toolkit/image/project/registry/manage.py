"""What an administrator does, over HTTP: clients, their scopes, grants, and the scopes there are."""

import json
import secrets
from functools import wraps

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import AbstractApplication as Application
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from .models import Client, Scope

GRANTS = {  # RFC 7591 section 2
    "authorization_code": Application.GRANT_AUTHORIZATION_CODE,
    "implicit": Application.GRANT_IMPLICIT,
    "password": Application.GRANT_PASSWORD,
    "client_credentials": Application.GRANT_CLIENT_CREDENTIALS,
}


def administers(method):
    def decorate(view):
        @csrf_exempt
        @wraps(view)
        def guarded(request, **named):
            if request.method != method:
                return HttpResponse(status=405)
            given = request.headers.get("Authorization", "")
            if not settings.ADMIN_KEY or not constant_time_compare(given, f"Bearer {settings.ADMIN_KEY}"):
                return HttpResponse(status=401)
            return view(request, **named)

        return guarded

    return decorate


@administers("POST")
def register(request):
    wanted = json.loads(request.body)
    public = wanted["token_endpoint_auth_method"] == "none"
    grants = [GRANTS[grant] for grant in wanted["grant_types"] if grant in GRANTS]
    if {Application.GRANT_AUTHORIZATION_CODE, Application.GRANT_IMPLICIT} <= set(grants):
        grants.append(Application.GRANT_OPENID_HYBRID)
    secret = "" if public else secrets.token_urlsafe(24)
    client = Client.objects.create(
        name=wanted["client_name"],
        client_type=Application.CLIENT_PUBLIC if public else Application.CLIENT_CONFIDENTIAL,
        client_secret=secret,
        authorization_grant_type=grants[0],
        grants=" ".join(grants),
        redirect_uris=" ".join(wanted["redirect_uris"]),
        scope=wanted.get("scope", ""),
        skip_authorization=wanted["first_party"],
        algorithm=Application.RS256_ALGORITHM,
    )
    made = {"client_id": client.client_id}
    if secret:
        made["client_secret"] = secret
    return JsonResponse(made, status=201)


@administers("PUT")
def limit(request, client_id):
    Client.objects.filter(client_id=client_id).update(scope=json.loads(request.body)["scope"])
    return HttpResponse(status=204)


@administers("DELETE")
@transaction.atomic
def revoke(request, client_id, username):
    """Ends what a user has granted to a client."""
    client = Client.objects.get(client_id=client_id)
    user = get_user_model().objects.get(username=username)
    Grant.objects.filter(application=client, user=user).delete()
    for token in RefreshToken.objects.filter(application=client, user=user, revoked__isnull=True):
        token.revoke()
    for token in AccessToken.objects.filter(application=client, user=user):
        token.revoke()
    return HttpResponse(status=204)


@administers("POST")
def withdraw(request):
    Scope.objects.filter(name=json.loads(request.body)["scope"]).delete()
    return HttpResponse(status=204)


@administers("POST")
def restore(request):
    name = json.loads(request.body)["scope"]
    Scope.objects.update_or_create(name=name, defaults={"description": f"Use {name}"})
    return HttpResponse(status=204)
