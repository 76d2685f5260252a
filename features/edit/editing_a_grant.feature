Feature: Editing and revoking a grant afterwards
  A resource owner may take back a scope, or everything, at any time. What is
  issued from then on follows.

  @EDIT-01 @GUIDANCE @rfc6749-6 @oauth2.1-4.3.1 @needs:as.code @needs:as.refresh @needs:consent.edit=edit_scopes
  Rule: After a scope was removed, nothing newly issued for that grant carries it
    Otherwise the page where Ada takes access back does nothing.

    Scenario: Planner refreshes after Ada took writing back
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner refreshes its token
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    Scenario: Planner refreshes a token from an earlier sign-in
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has then granted Planner "read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner refreshes its first token
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    Scenario: Planner asks for the removed scope
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner refreshes its token asking for "write:appointments"
      Then Planner holds no scope beyond "read:appointments"

    @needs:as.oidc
    Scenario: Ada takes two scopes back at once
      Given Ada has granted Planner "openid email read:appointments write:appointments"
      And Ada has removed "write:appointments email" from Planner's grant
      When Planner refreshes its token
      Then Planner holds no scope beyond "openid read:appointments"

    @control
    Scenario: Without the edit it can write
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @EDIT-02 @MUST @rfc6749-3.3 @rfc6749-5.1 @rfc6749-6 @derived @needs:as.code @needs:as.refresh @needs:consent.edit=edit_scopes
  Rule: The first refresh after an edit says what is left
    Without scope in the response the client goes on believing that it can write.

    Scenario: Planner is told
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner refreshes its token
      Then Planner is told "read:appointments", or is refused

  @EDIT-03 @SHOULD @rfc7662-2.2 @rfc7662-4 @fapi2-5.3.4 @needs:as.code @needs:as.introspection.scope @needs:consent.edit=edit_scopes @needs:token.revocation_visible=immediate
  Rule: Introspection of an outstanding token shows the edit
    Resource servers that ask are told what Ada decided, not what she once did.

    Scenario: Planner's token after Ada took writing back
      Given Ada has granted Planner "read:appointments write:appointments"
      When Ada removes "write:appointments" from Planner's grant
      Then introspection shows Planner's token with no scope beyond "read:appointments"

    @control
    Scenario: Before that it showed both
      When Planner asks Ada for "read:appointments write:appointments"
      Then introspection shows Planner's token with at least "read:appointments write:appointments"

  @EDIT-04 @GUIDANCE @rfc7662-4 @oidc-3.1.2.4 @derived @needs:as.code @needs:as.oidc.userinfo @needs:consent.edit=edit_scopes @needs:token.revocation_visible=immediate
  Rule: UserInfo stops releasing the claims of a removed scope, for older tokens too
    The server that holds the data also holds the decision.

    Scenario: Ada takes her e-mail address back
      Given Ada has granted Planner "openid email read:appointments"
      When Ada removes "email" from Planner's grant
      Then UserInfo tells Planner no more than the claims of "openid"

    @control
    Scenario: Before that it was released
      When Planner asks Ada for "openid email read:appointments"
      Then UserInfo tells Planner at least one claim of "email"

  @EDIT-05 @MUST @oidc-3.1.2.4 @derived @needs:as.code @needs:as.oidc.prompt @needs:consent.edit=edit_scopes @needs:consent.remembered
  Rule: A removed scope needs a fresh decision
    Otherwise the next sign-in gives it back.

    Scenario: Planner asks for it silently
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds no scope beyond "openid read:appointments"

    @needs:as.oidc
    Scenario: Planner asks silently for a claim scope that was removed
      Given Ada has granted Planner "openid email read:appointments"
      And Ada has removed "email" from Planner's grant
      When Planner asks Ada for "openid email read:appointments" silently
      Then Planner holds no scope beyond "openid read:appointments"

    @control @needs:as.oidc.silent
    Scenario: Planner asks silently, and nothing was removed
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds at least "openid read:appointments write:appointments"

    @needs:consent.deny
    Scenario: Planner asks for it openly, and Ada says no if she is asked
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      And Ada will deny
      When Planner asks Ada for "openid read:appointments write:appointments"
      Then Planner holds no scope beyond "openid read:appointments"

  @EDIT-06 @MUST @rfc6749-5.2 @oauth2.1-4.3.1 @needs:as.code @needs:as.refresh @needs:consent.edit!=none
  Rule: After the whole grant was revoked, it yields nothing
    Revoking that only hides the grant leaves the client in.

    Scenario: Planner refreshes after Ada revoked its grant
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has revoked Planner's grant
      When Planner refreshes its token
      Then Planner is refused with "invalid_grant"
      And Planner receives no token

    Scenario: Planner refreshes a token from an earlier sign-in
      Given Ada has granted Planner "read:appointments"
      And Ada has then granted Planner "read:appointments"
      And Ada has revoked Planner's grant
      When Planner refreshes its first token
      Then Planner is refused with "invalid_grant"
      And Planner receives no token

    @needs:as.oidc.prompt @needs:consent.ui!=none
    Scenario: Planner asks silently
      Given Ada has granted Planner "openid read:appointments"
      And Ada has revoked Planner's grant
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner is refused
      And Planner receives no token

    Scenario: Planner asks for less after Ada revoked its grant
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has revoked Planner's grant
      When Planner asks Ada for "read:appointments"
      Then Planner holds no scope beyond "read:appointments"

    @control @needs:as.oidc.silent @needs:consent.remembered
    Scenario: A silent request on a grant that stands succeeds
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner holds at least "openid read:appointments"

    @control @needs:as.introspection
    Scenario: Introspection calls the token of a grant that stands active
      When Planner asks Ada for "read:appointments"
      Then introspection shows Planner's token active

    @needs:as.introspection @needs:token.revocation_visible=immediate
    Scenario: Introspection calls the token inactive
      Given Ada has granted Planner "read:appointments"
      When Ada revokes Planner's grant
      Then introspection shows Planner's token inactive

    @control
    Scenario: A grant that stands goes on
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @EDIT-07 @MUST @rfc7009-2.1 @derived @needs:as.code @needs:as.refresh @needs:consent.edit!=none @needs:fx.clients>=2 @needs:fx.users>=2
  Rule: Revoking reaches the chosen client and person, and nobody else
    Otherwise taking access from one application breaks another, or another person.

    Scenario Outline: Ada revokes Planner's grant, and <who> goes on for <owner>
      Given Ada has granted Planner "read:appointments"
      And <owner> has granted <who> "read:appointments"
      And Ada has revoked Planner's first grant
      When <who> refreshes its token
      Then <who> holds exactly "read:appointments"

      Examples: another client of the same person, the same client of another person
        | who     | owner |
        | Rival   | Ada   |
        | Planner | Bo    |

    @needs:consent.edit=edit_scopes @needs:as.oidc
    Scenario Outline: Ada takes email from Planner, and <who> keeps it for <owner>
      Given Ada has granted Planner "openid email read:appointments"
      And <owner> has granted <who> "openid email read:appointments"
      And Ada has removed "email" from Planner's first grant
      When <who> refreshes its token asking for "openid email read:appointments"
      Then <who> holds exactly "openid email read:appointments"

      Examples: another client of the same person, the same client of another person
        | who     | owner |
        | Rival   | Ada   |
        | Planner | Bo    |

  @EDIT-08 @MUST @rfc6749-4.1.2 @rfc6749-4.1.3 @derived @needs:as.code @needs:consent.edit!=none
  Rule: A code from before does not deliver what was taken back
    A code is a promise of a grant that no longer stands.

    Scenario: Ada revokes the grant before Planner redeems its code
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has a code from Ada for "read:appointments write:appointments"
      And Ada has revoked Planner's grant
      When Planner redeems its code
      Then Planner holds no scope beyond ""

    @needs:consent.edit=edit_scopes
    Scenario: Ada removes a scope before Planner redeems its code
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has a code from Ada for "read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner redeems its code
      Then Planner holds no scope beyond "read:appointments"

    @needs:consent.edit=edit_scopes @needs:as.ciba
    Scenario: Ada removes a scope before Planner fetches what she approved over the backchannel
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Planner has a code from Ada for "openid read:appointments write:appointments" over the backchannel
      And Ada has removed "write:appointments" from Planner's grant
      When Planner redeems its code
      Then Planner holds no scope beyond "openid read:appointments"

    @control
    Scenario: A code for a grant that stands delivers it
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"

  @EDIT-10 @GUIDANCE @rfc6749-3.3 @rfc6749-10.2 @derived @needs:as.code @needs:as.refresh @needs:consent.edit=edit_scopes @needs:consent.edit.driver
  Rule: Editing a grant cannot add what the client never asked for
    The page for taking back is not a page for giving.

    Scenario: An edit that would add writing
      Given Ada has granted Planner "read:appointments"
      And Ada has tried to make Planner's grant "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @EDIT-11 @GUIDANCE @oidc-11 @derived @needs:as.code @needs:as.refresh @needs:consent.edit=edit_scopes @needs:as.oidc.offline @needs:policy.refresh_without_offline=not_issued
  Rule: Taking offline_access back ends refreshing
    Otherwise access while Ada is away cannot be taken back alone.

    Scenario: Ada takes offline_access back
      Given Ada has granted Planner "openid offline_access read:appointments", insisting on consent
      And Ada has removed "offline_access" from Planner's grant
      When Planner refreshes its token
      Then Planner is refused with "invalid_grant"
      And Planner receives no token

    @control
    Scenario: With it Planner can refresh
      Given Ada has granted Planner "openid offline_access read:appointments", insisting on consent
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @EDIT-12 @GUIDANCE @rfc9068-4 @needs:as.code @needs:token.format=jwt @needs:consent.edit!=none @needs:ctl.clock
  Rule: A self-contained token from before may work on, but not beyond its lifetime
    How long the old scope stays in force is the lifetime that the server declares.

    Scenario: Planner's token after Ada revoked the grant, when it has expired
      Given Ada has granted Planner "read:appointments"
      And Ada has revoked Planner's grant
      When the lifetime of Planner's token passes
      Then Planner cannot read an appointment of Ada

    Scenario: Before that the token works
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada
      And Planner's token lives no longer than declared
