from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.urls import include, path

from . import manage

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login/", LoginView.as_view(template_name="login.html")),
    path("healthz", lambda request: HttpResponse("ok")),
    path("manage/clients", manage.register),
    path("manage/clients/<str:client_id>", manage.limit),
    path("manage/clients/<str:client_id>/grants/<str:username>", manage.revoke),
    path("manage/scopes/withdraw", manage.withdraw),
    path("manage/scopes/restore", manage.restore),
]
