Feature: Consent that is remembered
  A server may remember what a person agreed to. It may not remember more than
  that, nor for anybody else.

  @CONS-09 @MUST @rfc6749-10.2 @auth0-user-consent @derived @needs:as.code @needs:as.oidc.prompt @needs:consent.remembered @needs:fx.clients>=2 @needs:fx.clients.fresh
  Rule: Consent given to one client is not used for another
    Otherwise trusting one application means trusting all of them.

    Scenario: Rival asks silently for what Ada let Planner do
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Rival asks Ada for "openid read:appointments write:appointments" silently
      Then Rival is refused
      And Rival receives no token

    @control @needs:as.oidc.silent
    Scenario: Planner itself need not ask again
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds at least "openid read:appointments write:appointments"

  @CONS-10 @MUST @rfc6749-10.2 @derived @needs:as.code @needs:as.oidc.prompt @needs:consent.ui!=none @needs:consent.remembered @needs:fx.users>=2 @needs:fx.clients.fresh
  Rule: Consent of one person is not used for another
    Otherwise whoever agrees first agrees for everyone.

    Scenario: Bo has not agreed to anything
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Bo for "openid read:appointments"
      Then Bo was asked

    Scenario: Bo's browser is the one that Ada used
      Given Ada has granted Planner "openid read:appointments"
      And Bo uses the browser that Ada used
      When Planner asks Bo for "openid read:appointments"
      Then Bo was asked

  @CONS-11 @GUIDANCE @auth0-user-consent @derived @needs:as.code @needs:as.resource @needs:as.oidc.prompt @needs:consent.remembered
  Rule: Consent to a scope at one API does not cover the same name at another
    Names are only unique within an API.

    Scenario: Planner asks silently for the same name at the other API
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" at the other API, silently
      Then Planner is refused
      And Planner receives no token

    @control @needs:as.oidc.silent
    Scenario: Planner asks silently for what Ada agreed to
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner holds at least "openid read:appointments"

    @control
    Scenario: Ada can agree to it
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" at the other API
      Then Planner holds at least "openid read:appointments"

  @CONS-12 @MUST @oidc-3.1.2.4 @rfc6749-10.2 @needs:as.code @needs:consent.ui!=none @needs:consent.remembered @needs:fx.clients.fresh
  Rule: A request for more than was agreed to is never approved without asking
    Otherwise the first yes is the last question.

    @needs:as.oidc @needs:consent.deny
    Scenario: Planner asks for more, and Ada is asked
      Given Ada has granted Planner "openid read:appointments"
      And Ada will deny
      When Planner asks Ada for "openid read:appointments write:appointments"
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.oidc.prompt
    Scenario: Planner asks for more silently
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.oidc.prompt @needs:fx.scopes.decoys
    Scenario Outline: Ada agreed to read:appointments, and Planner asks silently for "<asked>"
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid <asked>" silently
      Then Planner holds no scope beyond "openid read:appointments"

      Examples: shorter, longer, in other letters
        | asked                 |
        | read:appointment      |
        | read:appointments:all |
        | READ:APPOINTMENTS     |

    @needs:as.oidc.prompt
    Scenario Outline: Ada agreed to reading, and Planner asks silently for "<asked>"
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "<asked>" silently
      Then Planner holds no scope beyond "openid read:appointments"

      Examples: what is new stands first, in between and alone
        | asked                                       |
        | write:appointments openid                   |
        | openid write:appointments read:appointments |
        | openid write:appointments                   |

    @needs:as.oidc.prompt
    Scenario: Ada agreed to show her profile, and Planner asks silently for her e-mail address
      Given Ada has granted Planner "openid profile"
      When Planner asks Ada for "openid profile email" silently
      Then Planner holds no scope beyond "openid profile"

    @needs:as.oidc @needs:consent.deny
    Scenario Outline: Planner asks for more with "<parameter>", and Ada is asked
      Given Ada has granted Planner "openid read:appointments"
      And Ada will deny
      When Planner asks Ada for "openid read:appointments write:appointments" with the parameter "<parameter>"
      Then Planner holds no scope beyond "openid read:appointments"

      Examples: what may stand in a request, and says nothing of consent
        | parameter           |
        | max_age=86400       |
        | display=popup       |
        | ui_locales=en       |
        | response_mode=query |
        | access_type=offline |

    @needs:as.oidc.prompt @needs:consent.deny
    Scenario Outline: Planner asks for more <way>, and Ada is asked
      Given Ada has granted Planner "openid read:appointments"
      And Ada will deny
      When Planner asks Ada for "openid read:appointments write:appointments" <way>
      Then Planner holds no scope beyond "openid read:appointments"

      Examples: what has her sign in, or names her
        | way                     |
        | with the prompt "login" |
        | hinting at the name     |

      @needs:as.post
      Examples: where requests can be posted
        | way     |
        | by post |

      @needs:as.jar
      Examples: where there are request objects
        | way                 |
        | in a request object |

    @needs:as.oidc @needs:consent.deny
    Scenario: Planner asks for more and shows its ID token, and Ada is asked
      Given Ada has granted Planner "openid read:appointments"
      And Ada will deny
      When Planner asks Ada for "openid read:appointments write:appointments" showing its ID token
      Then Planner holds no scope beyond "openid read:appointments"

  @CONS-13 @SHOULD @rfc6749-3.3 @rfc9700-2.3 @derived @needs:as.code @needs:consent.remembered
  Rule: A request for less than was agreed to yields less
    A client that asks for the least must be able to get it.

    @needs:as.oidc
    Scenario: Planner asks only to read
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Planner asks Ada for "openid read:appointments"
      Then Planner holds exactly "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.oidc.userinfo
    Scenario: Planner asks only who Ada is
      Given Ada has granted Planner "openid profile email"
      When Planner asks Ada for "openid"
      Then UserInfo tells Planner no more than the claims of "openid"

  @CONS-14 @MAY @okta-api-scopes @derived @needs:as.code @needs:consent.ui=granular @needs:consent.remembered @needs:fx.clients.fresh
  Rule: A scope that was deselected is offered again or left out, never granted silently
    Otherwise a no lasts until the next sign-in.

    @needs:as.oidc
    Scenario: Planner makes the same request again
      Given Ada has granted Planner only "openid read:appointments" of "openid read:appointments write:appointments"
      And Ada will grant only "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" 5 times
      Then the choice of "deselected_memory" is the same each time
      And Planner holds exactly "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.oidc.prompt
    Scenario: Ada, who has agreed to something before, deselects writing when it is asked for on top
      Given Ada has granted Planner "openid email read:appointments"
      And Ada has granted Planner only "openid read:appointments" of "openid read:appointments write:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds no scope beyond "openid email read:appointments"

    @needs:as.oidc.prompt
    Scenario: Ada has deselected her e-mail address, and Planner asks for it silently
      Given Ada has granted Planner only "openid profile" of "openid profile email"
      When Planner asks Ada for "openid profile email" silently
      Then Planner holds no scope beyond "openid profile"

  @CONS-15 @GUIDANCE @auth0-user-consent @needs:as.code @needs:consent.ui!=none @needs:fx.clients.first_party @needs:as.dcr @needs:fx.clients.fresh
  Rule: Only a client that is declared first-party skips consent
    Otherwise anybody who can register a client can skip it.

    Scenario: A third-party client asks
      When Planner asks Ada for "read:appointments"
      Then Ada was asked

    Scenario: A client that registered itself asks
      When Newcomer asks Ada for "read:appointments"
      Then Ada was asked

    @control
    Scenario: The first-party client gets what it asks for
      When House asks Ada for "read:appointments"
      Then House holds at least "read:appointments"

  @CONS-16 @SHOULD @rfc6749-10.2 @rfc6819-5.2.4.1 @needs:as.code @needs:consent.ui!=none @needs:fx.clients.public @needs:consent.remembered
  Rule: A repeated request of a client that cannot prove who it is does not go through by itself
    Any application can claim a public client's identifier.

    Scenario: Pocket asks a second time
      Given Ada has granted Pocket "read:appointments"
      When Pocket asks Ada for "read:appointments"
      Then Ada was asked again
