Feature: A planner asks for a calendar
  Ada keeps a calendar. Planner would like to read it and to write in it. Ada
  decides, may change her mind, and can always say no; the calendar does what
  she decided and nothing more.

  @CONS-02 @GUIDANCE @rfc6749-3.3 @needs:as.code @needs:consent.ui=granular
  Rule: A scope that the resource owner deselects is not granted, and the others are
    Otherwise the boxes on the consent page are decoration.

    @needs:as.oidc
    Scenario: Ada lets Planner read, but not write
      Given Ada will grant only "openid read:appointments"
      When Planner asks Ada for "openid read:appointments write:appointments"
      Then Planner holds exactly "openid read:appointments"
      And Planner is told "openid read:appointments"
      And Planner can read an appointment of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    Scenario: Ada lets Planner write, but not read
      Given Ada will grant only "write:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds exactly "write:appointments"
      And Planner can create an appointment for Ada
      And Planner cannot read an appointment of Ada

  @INC-01 @GUIDANCE @rfc6749-4.1.1 @google-incremental @needs:as.code @needs:consent.ui!=none @needs:fx.clients.fresh
  Rule: A later request for more leads to a decision about it, and to a token that has it
    Otherwise a client must ask for everything at the start.

    Scenario: Planner comes back for what Ada left out, and Ada agrees
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then Ada was asked about "write:appointments"
      And Planner holds exactly "read:appointments write:appointments"
      And Planner can read an appointment of Ada
      And Planner can create an appointment for Ada

  @INC-03 @GUIDANCE @rfc6749-4.1.2.1 @needs:as.code @needs:as.refresh @needs:consent.ui!=none @needs:consent.deny @needs:fx.clients.fresh
  Rule: Saying no to more leaves everything as it was
    Otherwise asking often enough, or asking at all, wins.

    @needs:consent.deny
    Scenario: Ada says no, and Planner goes on reading
      Given Ada has granted Planner "read:appointments"
      And Ada will deny
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner is refused, typically with "access_denied", or is told "read:appointments"
      And Planner holds no scope beyond "read:appointments"
      And Planner's earlier grant still yields exactly "read:appointments"
      And Planner can read an appointment of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged
