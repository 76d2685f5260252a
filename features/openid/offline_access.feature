Feature: Access while the resource owner is away
  A refresh token lets a client act without the person. In OpenID Connect that
  has a scope of its own.

  @OFF-01 @MUST @oidc-11 @needs:as.code @needs:as.refresh @needs:as.oidc.offline @needs:policy.refresh_without_offline=not_issued
  Rule: offline_access is ignored unless the person is asked
    Otherwise lasting access is handed out without a word.

    @needs:as.oidc.offline.prompt
    Scenario: Planner asks for what Ada once agreed to, and does not insist on consent
      Given Ada has granted Planner "openid offline_access read:appointments", insisting on consent
      When Planner asks Ada for "openid offline_access read:appointments"
      Then Planner receives no refresh token

    @needs:consent.ui!=none @needs:consent.remembered @needs:fx.clients.fresh
    Scenario: Planner asks for it on a consent that is remembered
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid offline_access read:appointments" silently
      Then Planner receives no refresh token

    @control @needs:consent.remembered @needs:as.oidc.silent
    Scenario: Planner asks silently for what Ada agreed to
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner holds at least "openid read:appointments"

    @control
    Scenario: Planner insists on consent, and Ada agrees
      When Planner asks Ada for "openid offline_access read:appointments", insisting on consent
      Then Planner receives a refresh token

  @OFF-03 @MUST @oidc-11 @needs:as.code @needs:as.refresh @needs:as.oidc.offline @needs:consent.remembered @needs:consent.ui=granular @needs:policy.refresh_without_offline=not_issued @needs:fx.clients.fresh
  Rule: A remembered consent without offline_access is not enough for it
    Otherwise it slips in as if it were a technicality.

    Scenario: Planner adds it to what Ada agreed to
      Given Ada has granted Planner "openid read:appointments"
      And Ada will grant only "openid read:appointments"
      When Planner asks Ada for "openid offline_access read:appointments"
      Then Planner receives no refresh token
      And Planner holds no scope beyond "openid read:appointments"

    @control
    Scenario: Ada agrees to it
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid offline_access read:appointments", insisting on consent
      Then Planner receives a refresh token

  @OFF-04 @MUST @oidc-11 @derived @needs:as.code @needs:as.refresh @needs:as.oidc.offline @needs:consent.ui=granular @needs:policy.refresh_without_offline=not_issued
  Rule: Declining offline_access leaves the client without a refresh token
    Where lasting access hangs on that scope, saying no to it must end it.

    Scenario: Ada declines it
      Given Ada will grant only "openid read:appointments"
      When Planner asks Ada for "openid offline_access read:appointments", insisting on consent
      Then Planner receives no refresh token
      And Planner is told "openid read:appointments"

    @control
    Scenario: Ada agrees to it
      When Planner asks Ada for "openid offline_access read:appointments", insisting on consent
      Then Planner receives a refresh token

  @OFF-05 @MAY @oidc-11 @needs:as.code @needs:as.refresh
  Rule: A refresh token without offline_access is always issued, or never
    A client that gets one by chance cannot count on it.

    Scenario: Planner asks without it, again and again
      When Planner asks Ada for "read:appointments" 5 times
      Then the choice of "refresh_without_offline" is the same each time

  @OFF-06 @MUST @rfc6749-3.3 @rfc6749-5.1 @oidc-11 @derived @needs:as.code @needs:as.refresh @needs:as.oidc.offline
  Rule: Where offline_access was ignored, the response says so
    Otherwise the client waits for a refresh token that never comes.

    Scenario: Planner asks for it without insisting on consent
      When Planner asks Ada for "openid offline_access read:appointments"
      Then Planner is told of offline_access only if it has a refresh token

    @control @needs:consent.ui!=none
    Scenario: Planner insists on consent
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid offline_access read:appointments", insisting on consent
      Then Planner receives a refresh token
