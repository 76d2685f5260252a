Feature: Asking a resource owner over the backchannel
  The client names who is to be asked, that person decides on a device of their
  own, and the client polls. There is no redirect that a browser could change, and
  none that would show the client what was decided.

  @CIBA-01 @MUST @oidc-ciba-7.1 @oidc-ciba-11 @oidc-ciba-13 @rfc6749-3.3 @derived @needs:as.ciba
  Rule: A backchannel request obtains the scope that it named and that was approved, and no other
    Otherwise a question on a telephone is answered with the client's whole registration.

    Scenario: Planner asks to read
      When Planner asks Ada for "openid read:appointments" over the backchannel
      Then Planner holds exactly "openid read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    Scenario: Planner polls for more
      When Planner asks Ada for "openid read:appointments" over the backchannel, polling for "openid read:appointments write:appointments"
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner is not misled about its scope

    @needs:consent.ui!=none @needs:consent.deny
    Scenario: Ada denies
      Given Ada will deny
      When Planner asks Ada for "openid read:appointments" over the backchannel
      Then Planner is refused with "access_denied"
      And Planner receives no token

    @needs:fx.clients.scope_limits
    Scenario: Viewer asks for a scope that it may not have
      When Viewer asks Ada for "openid read:appointments write:appointments" over the backchannel
      Then Viewer is refused, typically with "invalid_scope", or told what it holds
      And Viewer holds no scope beyond "openid read:appointments"

    @needs:consent.ui=granular
    Scenario: Ada grants less
      Given Ada will grant only "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments" over the backchannel
      Then Planner holds no scope beyond "openid read:appointments"
      And Planner is not misled about its scope

    @SHOULD @needs:consent.driver.lists
    Scenario: Ada is shown all of it
      When Planner asks Ada for "openid email read:appointments" over the backchannel
      Then Planner holds no scope that Ada was not shown

    @control
    Scenario: Planner asks to write
      When Planner asks Ada for "openid read:appointments write:appointments" over the backchannel
      Then Planner can create an appointment for Ada
