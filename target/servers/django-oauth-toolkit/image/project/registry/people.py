"""Who can log in, each with "-password" after the name."""

CLAIMS = {  # OpenID Connect Core section 5.4
    "profile": (
        "name family_name given_name middle_name nickname preferred_username profile picture website gender"
        " birthdate zoneinfo locale updated_at"
    ).split(),
    "email": ["email", "email_verified"],
    "address": ["address"],
    "phone": ["phone_number", "phone_number_verified"],
}

PEOPLE = {
    "ada": {
        "name": "Ada King Lovelace",
        "family_name": "Lovelace",
        "given_name": "Ada",
        "middle_name": "King",
        "nickname": "Countess",
        "preferred_username": "ada",
        "profile": "https://people.example/ada",
        "picture": "https://people.example/ada.png",
        "website": "https://ada.example",
        "gender": "female",
        "birthdate": "1815-12-10",
        "zoneinfo": "Europe/London",
        "locale": "en-GB",
        "updated_at": 1735689600,
        "email": "ada@people.example",
        "email_verified": True,
        "address": {
            "formatted": "12 St James's Square\nLondon SW1Y 4JH\nUnited Kingdom",
            "street_address": "12 St James's Square",
            "locality": "London",
            "region": "Greater London",
            "postal_code": "SW1Y 4JH",
            "country": "United Kingdom",
        },
        "phone_number": "+44 20 7946 0000",
        "phone_number_verified": True,
    },
    "bo": {"name": "Bo Berg", "preferred_username": "bo", "email": "bo@people.example", "email_verified": True},
    "cy": {"name": "Cy Cole", "preferred_username": "cy"},
}
