from django.contrib.auth.hashers import make_password
from django.db import migrations

from registry.people import PEOPLE

SCOPES = {
    "openid": "Know who you are",
    "profile": "See your profile",
    "email": "See your e-mail address",
    "address": "See your postal address",
    "phone": "See your telephone number",
    "offline_access": "Do so while you are away",
    "read:appointments": "Read your appointments",
    "write:appointments": "Change your appointments",
    # Known, and of no use here.
    "read:appointments:all": "Read everybody's appointments",
    "read:appointments:own": "Read appointments that you made",
    "read:appointment": "Read one appointment",
    "unread:appointments": "Mark appointments as not read",
    "READ:APPOINTMENTS": "Shout about appointments",
    "appointments-admin": "Administer appointments",
}


def seed(apps, editor):
    scopes, users = apps.get_model("registry", "Scope"), apps.get_model("auth", "User")
    for name, description in SCOPES.items():
        scopes.objects.create(name=name, description=description)
    for name in PEOPLE:
        users.objects.create(username=name, password=make_password(f"{name}-password"))


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(seed)]
