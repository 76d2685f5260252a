Feature: A client revokes its token
  A client that needs a token no longer says so. What falls with the token is up
  to the server, within limits; what somebody else holds is not touched.

  @REV-01 @MUST @rfc7009-2 @rfc7009-2.1 @needs:as.revocation @needs:as.code @needs:as.refresh
  Rule: A revoked refresh token is good for nothing, and its access tokens end with it
    Signing out would leave behind everything that was signed in for.

    Scenario: Planner refreshes with what it has revoked
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has revoked its refresh token
      When Planner refreshes its token
      Then Planner is refused with "invalid_grant"
      And Planner receives no token

    @SHOULD @needs:token.revocation_visible=immediate @needs:as.introspection|token.format=opaque @needs:policy.refresh_narrowing!=rejects
    Scenario: The strong token from before ends, and the weak one as well
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has refreshed its token asking for "read:appointments"
      When Planner revokes its refresh token
      Then Planner's first token has ended
      And Planner's token has ended

    @control
    Scenario: What is not revoked goes on
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @REV-02 @MAY @rfc7009-2.1 @derived @needs:as.revocation @needs:as.code @needs:as.refresh
  Rule: When an access token is revoked, its grant ends or stays as it was
    Otherwise a client that throws a weak token away loses, or gains, something else.

    Scenario: Planner revokes a token, and refreshes
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has revoked its token
      When Planner refreshes its token 5 times
      Then the choice of "token_revocation" is the same each time
      And each of them holds no scope beyond "read:appointments write:appointments"

    @needs:policy.refresh_narrowing=honours @needs:as.refresh.keeps @needs:policy.token_revocation=keeps
    Scenario: Planner revokes a narrowed token, and refreshes
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has refreshed its token asking for "read:appointments"
      And Planner has revoked its token
      When Planner refreshes its token
      Then Planner holds at least "read:appointments write:appointments"

  @REV-03 @MUST @rfc7009-2.1 @needs:as.revocation @needs:as.code @needs:as.refresh @needs:fx.clients>=2
  Rule: A client cannot revoke what was issued to another
    Otherwise whoever sees a token can lock its client out.

    Scenario: Rival presents Planner's refresh token
      Given Ada has granted Planner "read:appointments write:appointments"
      And Rival has revoked Planner's refresh token
      When Planner refreshes its token
      Then Planner receives a token

    @needs:as.introspection
    Scenario: Rival presents Planner's access token
      Given Ada has granted Planner "read:appointments write:appointments"
      When Rival revokes Planner's token
      Then introspection shows Planner's token active

    @needs:fx.clients.public
    Scenario: Pocket, of which anybody knows the identifier, presents it
      Given Ada has granted Planner "read:appointments write:appointments"
      And Pocket has revoked Planner's refresh token
      When Planner refreshes its token
      Then Planner receives a token

    @control
    Scenario: Nobody presents it
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token
      Then Planner receives a token

  @REV-04 @MAY @rfc7009-2.1 @gm-draft @derived @needs:as.revocation @needs:as.code @needs:as.refresh @needs:as.oidc.prompt @needs:consent.ui!=none @needs:fx.clients.fresh
  Rule: What was agreed to is kept or forgotten when a token is revoked, and never becomes more
    Signing out must not be a way to what Ada was never asked for.

    Scenario: Planner revokes its refresh token, and asks silently for the same
      Given Ada has granted Planner "openid read:appointments"
      And Planner has revoked its refresh token
      When Planner asks Ada for "openid read:appointments" silently, 5 times
      Then the choice of "consent_after_revocation" is the same each time
      And each of them holds no scope beyond "openid read:appointments"

    Scenario: Planner revokes its refresh token, and asks silently for more
      Given Ada has granted Planner "openid read:appointments"
      And Planner has revoked its refresh token
      When Planner asks Ada for "openid read:appointments write:appointments" silently
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @REV-05 @GUIDANCE @google-incremental @needs:as.revocation @needs:as.code @needs:as.refresh @needs:policy.incremental=union
  Rule: Whoever revokes a part of what was combined revokes all of it
    The token that was forgotten would go on being good for the rest.

    Scenario: Planner revokes its latest refresh token, and uses the first
      Given Ada has granted Planner "read:appointments"
      And Ada has then granted Planner "write:appointments" on top of what it has
      And Planner has revoked its refresh token
      When Planner refreshes its first token
      Then Planner is refused
      And Planner receives no token

    Scenario: Planner revokes its first refresh token, and uses the latest
      Given Ada has granted Planner "read:appointments"
      And Ada has then granted Planner "write:appointments" on top of what it has
      And Planner has revoked its first refresh token
      When Planner refreshes its token
      Then Planner is refused
      And Planner receives no token

    @control
    Scenario: What is not revoked goes on
      Given Ada has granted Planner "read:appointments"
      And Ada has then granted Planner "write:appointments" on top of what it has
      When Planner refreshes its token
      Then Planner can read an appointment of Ada
