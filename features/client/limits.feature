Feature: What a client may have
  A client asks only for what it was registered for, whoever stands behind it.

  @CLI-01 @SHOULD @rfc6749-10.3 @rfc7591-2 @derived @needs:as.code @needs:fx.clients.scope_limits
  Rule: A client does not obtain a scope that it is not registered for
    A resource owner can judge a page, and cannot know what the client was admitted for.

    Scenario: Viewer, which may read, asks Ada, who may do everything, for more
      When Viewer asks Ada for "read:appointments write:appointments" 5 times
      Then each of them holds no scope beyond "read:appointments"
      And each of them is refused, or told what it holds
      And the choice of "client_excess" is the same each time
      And Viewer cannot create an appointment for Ada

    Scenario: Viewer asks for nothing else
      When Viewer asks Ada for "write:appointments"
      Then Viewer holds none of "write:appointments"
      And Viewer cannot create an appointment for Ada

    Scenario: Viewer asks for nothing in particular
      When Viewer asks Ada for no scope
      Then Viewer holds none of "write:appointments"
      And Viewer cannot create an appointment for Ada

    @needs:fx.scopes.decoys
    Scenario Outline: Viewer asks for "<alike>", which only looks like what it may have
      When Viewer asks Ada for "read:appointments <alike>"
      Then Viewer holds none of "<alike>"

      Examples: longer, shorter, and in other letters
        | alike                 |
        | read:appointments:all |
        | read:appointment      |
        | READ:APPOINTMENTS     |

    @needs:as.oidc
    Scenario Outline: Viewer asks for "<asked>"
      When Viewer asks Ada for "<asked>"
      Then Viewer holds none of "write:appointments"

      Examples: what it may not have first, last, between, and beside scopes of OpenID Connect
        | asked                                              |
        | write:appointments openid read:appointments        |
        | openid write:appointments read:appointments        |
        | write:appointments read:appointments openid        |
        | openid offline_access write:appointments           |
        | openid offline_access read:appointments write:appointments |

    @needs:fx.clients.first_party @needs:ctl.client_admin
    Scenario: House, which nobody is asked about, has been limited as well
      Given House has been limited to "read:appointments"
      When House asks Ada for "read:appointments write:appointments"
      Then House holds no scope beyond "read:appointments"

    @control
    Scenario: Viewer asks for what it may have
      When Viewer asks Ada for "read:appointments"
      Then Viewer holds at least "read:appointments"

  @CLI-02 @SHOULD @rfc6749-10.3 @derived @needs:fx.clients.scope_limits @needs:fx.channels>=2
  Rule: The limit of a client holds on every way to a token
    Each new grant has a handler of its own, and one of them forgets to look.

    Scenario: Viewer asks for more than it may have, on every way there is
      When Viewer asks Ada for "read:appointments write:appointments" in every way there is
      Then each of them holds no scope beyond "read:appointments"
      And the choice of "client_excess" is the same on every way

    @needs:as.tx @needs:as.code
    Scenario: Viewer has got hold of Planner's token, and exchanges it
      Given Ada has granted Planner "read:appointments write:appointments"
      When Viewer exchanges Planner's token asking for "read:appointments write:appointments"
      Then Viewer holds no scope beyond "read:appointments"
      And Viewer cannot create an appointment for Ada

    @control
    Scenario: Every way leads somewhere
      When Viewer asks Ada for "read:appointments" in every way there is
      Then each of them holds at least "read:appointments"

  @CLI-07 @GUIDANCE @rfc7592-2.2 @rfc6749-10.3 @derived @needs:as.code @needs:as.dcr.mgmt|ctl.client_admin @needs:consent.remembered
  Rule: What a client may no longer have is not had by remembered consent either
    Otherwise a limit counts only for people who have never used the client.

    @needs:ctl.client_admin @needs:as.oidc
    Scenario: Planner is limited after Ada agreed to more
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Planner has been limited to "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments"
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner cannot create an appointment for Ada

    @needs:ctl.client_admin @needs:as.oidc.prompt
    Scenario: Planner is limited, and asks without a page
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Planner has been limited to "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds no scope beyond "openid read:appointments"

    @needs:as.dcr.mgmt @needs:as.dcr.scope
    Scenario: Newcomer has changed its own registration
      Given Newcomer has registered for "read:appointments write:appointments"
      And Ada has granted Newcomer "read:appointments write:appointments"
      And Newcomer has changed its registration to "read:appointments"
      When Newcomer asks Ada for "read:appointments write:appointments"
      Then Newcomer obtains exactly what it asked for and is registered for

    @control
    Scenario: What is still allowed needs no second consent
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @CLI-10 @GUIDANCE @rfc6819-4.2.2 @rfc6819-5.1.5.1 @derived @needs:as.code @needs:fx.clients.public @needs:policy.public_client_limits
  Rule: A public client does not obtain what is kept for confidential ones
    Anybody can be Pocket: its identifier is on every device.

    Scenario: Pocket asks Ada for it
      When Pocket asks Ada for "read:appointments" and the scopes for confidential clients
      Then Pocket holds none of the scopes for confidential clients

    @needs:as.dcr.scope @needs:as.dcr.public
    Scenario: Newcomer registers without a secret
      Given Newcomer has registered for "read:appointments" as a public client
      When Newcomer asks Ada for "read:appointments" and the scopes for confidential clients
      Then Newcomer holds none of the scopes for confidential clients

    @control
    Scenario: Planner, which has a secret, asks Ada for the same
      When Planner asks Ada for "read:appointments" and the scopes for confidential clients
      Then Planner holds at least the scopes for confidential clients

    @control
    Scenario: Pocket may ask for something
      When Pocket asks Ada for "read:appointments"
      Then Pocket holds at least "read:appointments"
