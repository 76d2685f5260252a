Feature: Asking for more
  A client may start small and come back. What it already had, and what others
  had, stays what it was.

  @INC-02 @MAY @google-incremental @derived @needs:as.code @needs:policy.incremental
  Rule: What a later request for another scope leads to follows one model
    A client must know whether it now holds both, or the new one alone.

    Scenario: Planner asks for another scope, several times over
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "write:appointments" on top of what it has, 5 times
      Then the choice of "incremental" is the same each time
      And Planner is not misled about its scope

  @INC-04 @GUIDANCE @google-incremental @derived @needs:as.code @needs:policy.incremental=union @needs:consent.edit=edit_scopes
  Rule: A union is made with what the grant is now, not with what it once was
    Otherwise removing a scope only hides it until the next request.

    @needs:as.oidc
    Scenario: Ada has taken writing back
      Given Ada has granted Planner "openid read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner asks Ada for "email" on top of what it has
      Then Planner holds no scope beyond "openid read:appointments email"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @INC-05 @MUST @rfc6749-6 @oauth2.1-4.3.3 @needs:as.code @needs:as.refresh @needs:consent.ui!=none
  Rule: A refresh token from before keeps to what it was given for
    Otherwise an old refresh token grows with every later yes.

    Scenario: Planner's first refresh token after Ada agreed to more
      Given Ada has granted Planner "read:appointments"
      And Ada has then granted Planner "read:appointments write:appointments"
      When Planner refreshes its first token
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    Scenario: It asks for the scope that was granted later
      Given Ada has granted Planner "read:appointments"
      And Ada has then granted Planner "read:appointments write:appointments"
      When Planner refreshes its first token asking for "write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @INC-06 @MUST @rfc6749-1.4 @rfc7662-2.2 @derived @needs:as.code @needs:rs.api|as.introspection
  Rule: An access token from before does not gain the new scope
    Otherwise a leaked token to read becomes a token to write.

    Scenario: Planner's first token after Ada agreed to more
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner's first token holds no scope beyond "read:appointments"
      And Planner's first token cannot create an appointment for Ada

  @INC-07 @GUIDANCE @incremental-authz @needs:as.code @needs:fx.clients.public @needs:policy.incremental=union
  Rule: A public client gets no union that nobody agreed to
    Any application that claims the identifier would inherit every grant.

    @needs:as.oidc
    Scenario: Another installation of Pocket asks to add to what it has
      Given Ada has granted Pocket "openid read:appointments"
      And Ada will grant only "openid"
      When Pocket asks Ada for "openid" on top of what it has
      Then Pocket holds no scope beyond "openid"
      And Pocket cannot read an appointment of Ada

  @INC-08 @GUIDANCE @google-incremental @derived @needs:as.code @needs:policy.incremental=union @needs:fx.clients>=2 @needs:fx.users>=2
  Rule: A union never takes in what was granted to another client, by another person or for another API
    Otherwise one application collects what another was given.

    @needs:as.oidc
    Scenario: Rival may write, and Planner asks for more
      Given Ada has granted Planner "openid read:appointments"
      And Ada has granted Rival "openid write:appointments"
      When Planner asks Ada for "email" on top of what it has
      Then Planner holds no scope beyond "openid read:appointments email"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.resource @needs:as.oidc
    Scenario: Planner may read at the other API, and asks for more at the first
      Given Ada has granted Planner "openid write:appointments"
      And Ada has granted Planner "openid read:appointments" at the other API
      When Planner asks Ada for "email" on top of what it has
      Then Planner holds no scope beyond "openid write:appointments email"
      And Planner cannot read an appointment of Ada

    @needs:as.oidc
    Scenario: Ada lets Planner write, and Planner asks Bo for more
      Given Ada has granted Planner "openid email read:appointments write:appointments"
      And Bo has granted Planner "openid"
      When Planner asks Bo for "read:appointments" on top of what it has
      Then Planner holds no scope beyond "openid read:appointments"
