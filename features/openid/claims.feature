Feature: Which scope opens which claims
  Each of profile, email, address and phone opens its own claims, for those who
  agreed to it, and openid alone says no more than who it is.

  @CLM-01 @MUST @oidc-5.4 @oidc-3.1.2.4 @needs:as.code @needs:as.oidc.userinfo
  Rule: Claims are released only for scopes that were granted
    Otherwise signing in with any scope gives away everything.

    Scenario Outline: Planner was granted "<granted>"
      When Planner asks Ada for "<granted>"
      Then UserInfo tells Planner no more than the claims of "<granted>"

      Examples: none, one, some and all of the scopes that open claims
        | granted                            |
        | openid                             |
        | openid email                       |
        | openid profile phone               |
        | openid address email               |
        | openid profile email address phone |

    Scenario Outline: Planner was granted "<granted>" for an API as well
      When Planner asks Ada for "<granted>"
      Then UserInfo tells Planner no more than the claims of "<granted>"
      And Planner's ID token, if any, carries no more than the claims of "<granted>"

      Examples: what an API, a while, and nearly everything might bring along
        | granted                                           |
        | openid write:appointments                         |
        | openid profile email phone read:appointments      |

    @needs:as.refresh
    Scenario: Planner was granted it for longer
      Given Ada has granted Planner "openid read:appointments"
      Then UserInfo tells Planner no more than the claims of "openid"

    @needs:as.refresh @needs:policy.refresh_narrowing=honours
    Scenario: Planner asks for less at refresh
      Given Ada has granted Planner "openid profile email"
      When Planner refreshes its token asking for "openid profile"
      Then UserInfo tells Planner no more than the claims of "openid profile"

    @needs:fx.clients.public
    Scenario: Pocket, a public client, was granted her e-mail address
      When Pocket asks Ada for "openid email"
      Then UserInfo tells Pocket no more than the claims of "openid email"
      And Pocket's ID token, if any, carries no more than the claims of "openid email"

    Scenario: Bo grants nothing but who he is
      When Planner asks Bo for "openid"
      Then UserInfo tells Planner no more than the claims of "openid"

    Scenario Outline: Planner was granted "openid read:appointments" <way>
      When Planner asks Ada for "openid read:appointments" <way>
      Then UserInfo tells Planner no more than the claims of "openid"
      And Planner's ID token, if any, carries no more than the claims of "openid"

      @needs:as.device
      Examples: where there are devices
        | way         |
        | on a device |

      @needs:as.ciba
      Examples: where there is a backchannel
        | way                  |
        | over the backchannel |

      @needs:as.ropc
      Examples: where a client may take the password
        | way                            |
        | with the password of the owner |

      @needs:as.par
      Examples: where requests are pushed
        | way                 |
        | by a pushed request |

    @needs:as.assertion
    Scenario: Planner signs for Ada
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" by an assertion
      Then UserInfo tells Planner no more than the claims of "openid"

    @needs:as.tx
    Scenario: Planner has exchanged its token
      Given Ada has granted Planner "openid read:appointments"
      When Planner exchanges its token
      Then UserInfo tells Planner no more than the claims of "openid"

    @needs:as.dcr.scope @needs:as.oidc.userinfo.signed
    Scenario: Newcomer has registered for claims that are signed
      Given Newcomer has registered for "openid profile email" with signed claims
      When Newcomer asks Ada for "openid email"
      Then UserInfo tells Newcomer no more than the claims of "openid email"

    @needs:rs.stepup
    Scenario: Ada signs in for a high level
      When Planner asks Ada for "openid" signing in for a high level
      Then Planner's ID token, if any, carries no more than the claims of "openid"

    @needs:as.refresh
    Scenario: What was granted later opens no more to what was granted before
      Given Ada has granted Planner "openid"
      And Ada has granted Planner "openid email"
      When Planner refreshes its first token
      Then UserInfo tells Planner no more than the claims of "openid"

    @control
    Scenario: What was granted is released
      When Planner asks Ada for "openid email"
      Then UserInfo tells Planner at least one claim of "email"

  @CLM-02 @SHOULD @oidc-5.4 @needs:as.code @needs:as.oidc.userinfo @needs:fx.user.all_claims
  Rule: A granted scope makes the claims available that the server has
    Otherwise the client was granted nothing.

    Scenario Outline: Planner was granted "<scope>"
      When Planner asks Ada for "openid <scope>"
      Then UserInfo tells Planner every claim of "openid <scope>"

      Examples: each scope that opens claims
        | scope   |
        | profile |
        | email   |
        | address |
        | phone   |

      Examples: all of them together
        | scope                       |
        | profile email address phone |

  @CLM-03 @MUST @oidc-5.4 @needs:as.code @needs:as.oidc.userinfo
  Rule: Claims of one scope do not come with another
    E-mail is not part of a profile, and a telephone number is not part of an address.

    Scenario Outline: "<scope>" brings no claim of another scope
      When Planner asks Ada for "openid <scope>"
      Then UserInfo tells Planner no more than the claims of "openid <scope>"

      Examples: each scope that opens claims
        | scope   |
        | profile |
        | email   |
        | address |
        | phone   |

    @control
    Scenario Outline: "<scope>" brings its own claims
      When Planner asks Ada for "openid <scope>"
      Then UserInfo tells Planner at least one claim of "<scope>"

      Examples: two that servers with UserInfo have
        | scope   |
        | profile |
        | email   |

  @CLM-04 @SHOULD @oidc-5.4 @needs:as.code @needs:as.oidc.userinfo
  Rule: Where there is an access token, claims of scopes come from UserInfo and not in the ID token
    An ID token is handed on as proof of a sign-in, with everything in it.

    Scenario: Planner asks for Ada's e-mail address
      When Planner asks Ada for "openid email"
      Then Planner's ID token carries no more than the claims of "openid"
      And UserInfo tells Planner exactly the claims of "openid email"

  @CLM-07 @MUST @oidc-5.4 @oidc-3.1.2.4 @needs:as.code @needs:as.oidc.userinfo @needs:consent.ui=granular
  Rule: Claims of a scope that was declined are nowhere
    Otherwise the scope is narrowed and the data flows all the same.

    Scenario: Ada does not give away her e-mail address
      Given Ada will grant only "openid profile"
      When Planner asks Ada for "openid profile email"
      Then UserInfo tells Planner exactly the claims of "openid profile"
      And Planner's ID token carries no claim of "email"
      And Planner's access token carries no claim of "email"
      And Planner is told "openid profile"

    @control
    Scenario: She gives it away
      When Planner asks Ada for "openid profile email"
      Then UserInfo tells Planner at least one claim of "email"

  @CLM-08 @MUST @oidc-5.3.1 @oidc-5.3.3 @rfc6750-3.1 @needs:as.code @needs:as.oidc.userinfo
  Rule: UserInfo answers only a token with openid
    Otherwise any token of the server tells whose it is.

    @needs:as.oidc.optional
    Scenario: A token for the API alone
      When Planner asks Ada for "read:appointments"
      Then UserInfo refuses Planner with a challenge

    @needs:as.cc
    Scenario: A token of a machine
      When Robot asks for "read:appointments" on its own behalf
      Then UserInfo refuses Robot with a challenge

    Scenario: No token at all
      Then UserInfo refuses a request without a token

    @needs:as.refresh
    Scenario: A refresh token, which is for the server alone
      Given Ada has granted Planner "openid read:appointments"
      Then UserInfo refuses Planner, which shows its refresh token

    @control
    Scenario: A token with openid
      When Planner asks Ada for "openid"
      Then UserInfo tells Planner at least one claim of "openid"

  @CLM-09 @MUST @oidc-5.5 @oidc-3.1.2.4 @needs:as.code @needs:as.oidc.userinfo @needs:as.oidc.claims
  Rule: A claim that is asked for by name comes beside those of the scope, if the person agrees, and brings no other
    Otherwise the parameter is a way round the scopes, and round the person.

    Scenario Outline: Planner asks for "<claim>" by name
      When Planner asks Ada for "openid" with the claim "<claim>"
      Then UserInfo tells Planner no more than the claims of "openid" and "<claim>"
      And Planner's ID token carries no claim of "email address"

      Examples: one claim of several that a scope opens
        | claim        |
        | nickname     |
        | phone_number |

    @needs:consent.ui!=none @needs:fx.clients.fresh @needs:as.oidc.prompt
    Scenario: Planner asks for it silently, and Ada has never agreed
      Given Ada has granted Planner "openid"
      When Planner asks Ada for "openid" with the claim "email" silently
      Then UserInfo tells Planner no more than the claims of "openid"
      And Planner's ID token carries no claim of "email"

    @needs:consent.driver.claims
    Scenario: Ada unticks it
      Given Ada will grant only "openid"
      When Planner asks Ada for "openid" with the claim "email"
      Then UserInfo tells Planner no more than the claims of "openid"
      And Planner's ID token carries no claim of "email"

    @control
    Scenario: The claims of the scope are there beside it
      When Planner asks Ada for "openid email" with the claim "nickname"
      Then UserInfo tells Planner at least one claim of "email"
      And UserInfo tells Planner no more than the claims of "openid email" and "nickname"

  @CLM-10 @MAY @oidc-5.5 @needs:as.code @needs:as.oidc @needs:as.oidc.claims=false
  Rule: A claims parameter that is not supported is ignored or refused, and opens nothing
    Otherwise what the server does not understand switches its filter off.

    Scenario: Planner asks for the e-mail address by name
      When Planner asks Ada for "openid" with the claim "email", 5 times
      Then the choice of "claims_parameter" is the same each time
      And UserInfo tells Planner no more than the claims of "openid"
      And Planner's ID token carries no claim of "email"

  @CLM-11 @MUST @oidc-12.2 @derived @needs:as.code @needs:as.refresh @needs:as.oidc
  Rule: An ID token from a refresh says no more than the grant allows
    Otherwise what was never granted arrives one refresh later.

    Scenario: Planner was granted openid alone, and refreshes
      Given Ada has granted Planner "openid read:appointments"
      When Planner refreshes its token
      Then Planner's ID token, if any, carries no more than the claims of "openid"
      And Planner's ID token, if any, names the same person as before
      And Planner can read an appointment of Ada

  @CLM-12 @SHOULD @oidc-5.3.2 @needs:as.code @needs:as.oidc.userinfo
  Rule: A claim that is not released is left out, and not null or empty
    A null says that there is something to know.

    Scenario: Planner was granted the profile, and no e-mail address
      When Planner asks Ada for "openid profile"
      Then UserInfo has no empty claim for Planner
      And UserInfo tells Planner at least one claim of "profile"

  @CLM-13 @MUST @oidc-5.3.2 @oidc-3.1.2.1 @needs:as.code @needs:as.oidc.userinfo
  Rule: openid alone says who it is, and nothing else about them
    The smallest sign-in must be a small one.

    Scenario: Planner asks Ada to sign in
      When Planner asks Ada for "openid"
      Then UserInfo tells Planner exactly the claims of "openid"

  @CLM-14 @GUIDANCE @auth0-custom-claims @needs:as.code @needs:as.oidc.userinfo @needs:fx.claims.custom @needs:fx.user.all_claims
  Rule: Claims beside the standard ones carry nothing that was not granted
    An e-mail address under another name is an e-mail address.

    Scenario: Planner asks Ada to sign in
      When Planner asks Ada for "openid"
      Then nothing that Planner receives holds a value of Ada's "email phone address" claims

    @control
    Scenario: The declared claim comes with its scope
      When Planner asks Ada for "openid profile"
      Then UserInfo tells Planner the custom claims of "profile"
