Feature: Authorization details beside a scope
  A client may say in detail what it wants to do, and ask for scopes in the same
  request. Neither speaks for the other.

  @RAR-01 @MUST @rfc9396-3.1 @rfc9396-7 @needs:as.rar
  Rule: Where a request has a scope and authorization details, both are processed
    Otherwise the one makes the other vanish, or lets it through unread.

    Scenario: Ada agrees to all of it
      When Planner asks Ada for "read:appointments write:appointments" with the plain details
      Then Planner holds exactly "read:appointments write:appointments"
      And Planner receives the plain details

    @control
    Scenario: The scope alone is granted
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds exactly "read:appointments write:appointments"
      And Planner receives no details

  @RAR-02 @MUST @rfc9396-3.1 @needs:as.rar @needs:consent.driver.lists @needs:consent.driver.details @needs:fx.clients.fresh
  Rule: The resource owner is shown the scopes and the authorization details together
    Otherwise half of the request is granted unseen.

    Scenario: Planner asks for both
      When Planner asks Ada for "read:appointments write:appointments" with the plain details
      Then Ada was asked about exactly "read:appointments write:appointments authorization_details"

    @control
    Scenario: Planner asks for scopes alone
      When Planner asks Ada for "read:appointments write:appointments"
      Then Ada was asked about exactly "read:appointments write:appointments"

  @RAR-03 @MUST @rfc9396-6 @rfc9396-6.1 @rfc6749-6 @derived @needs:as.rar @needs:as.refresh
  Rule: At the token endpoint neither scope nor authorization details grow by way of the other
    Otherwise what was refused at the front door comes in with a refresh, or with
    the code.

    Scenario: Planner asks for larger details with the code
      Given Planner has a code from Ada for "read:appointments" with the plain details
      When Planner redeems its code with the larger details
      Then Planner holds no scope beyond "read:appointments"
      And Planner receives no more than the plain details

    Scenario: Planner asks for larger details
      Given Ada has granted Planner "read:appointments" with the plain details
      When Planner refreshes its token with the larger details
      Then Planner is refused with "invalid_authorization_details"
      And Planner receives no token

    Scenario: Planner asks for smaller details
      Given Ada has granted Planner "read:appointments" with the plain details
      When Planner refreshes its token with the smaller details
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope
      And Planner receives no more than the plain details
      And Planner cannot create an appointment for Ada

    @needs:policy.refresh_narrowing!=rejects
    Scenario: Planner asks for less of the scope
      Given Ada has granted Planner "read:appointments write:appointments" with the plain details
      When Planner refreshes its token asking for "read:appointments"
      Then Planner receives no more than the plain details
      And Planner can read an appointment of Ada

    @control
    Scenario: Planner asks for nothing in particular
      Given Ada has granted Planner "read:appointments" with the plain details
      When Planner refreshes its token
      Then Planner can read an appointment of Ada

  @RAR-04 @MUST @rfc9396-7 @rfc9396-3.1 @rfc6749-3.3 @derived @needs:as.rar @needs:consent.ui=granular @needs:consent.driver.details
  Rule: To refuse the authorization details leaves the scope as it was decided, and the other way round
    Otherwise a yes to the one is taken for a yes to the other.

    Scenario: Ada grants a scope, and no details
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments" with the plain details
      Then Planner holds exactly "read:appointments", or is refused
      And Planner is told "read:appointments", or is refused
      And Planner receives no details

    Scenario: Ada grants the details, and one scope of two
      Given Ada will grant only "read:appointments authorization_details"
      When Planner asks Ada for "read:appointments write:appointments" with the plain details
      Then Planner holds exactly "read:appointments"
      And Planner is told "read:appointments"
      And Planner receives the plain details

    Scenario: Ada grants the details, and no scope
      Given Ada will grant only "authorization_details"
      When Planner asks Ada for "read:appointments write:appointments" with the plain details
      Then Planner holds none of "read:appointments write:appointments"
      And Planner receives no more than the plain details

    @control
    Scenario: Ada grants all of it
      When Planner asks Ada for "read:appointments write:appointments" with the plain details
      Then Planner holds exactly "read:appointments write:appointments"
      And Planner receives the plain details
