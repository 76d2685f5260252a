Feature: A client that knows the resource owner's password
  RFC 9700 section 2.4 says that this grant MUST NOT be used, and OAuth 2.1 has
  left it out. These rules are for servers that still have it: there is no page on
  which anybody could say no, so that all that limits the client is what the server
  itself looks at.

  @ROPC-01 @SHOULD @rfc6749-10.3 @rfc6749-10.7 @rfc6819-4.4.3.2 @rfc6819-5.1.5.1 @derived @needs:as.ropc
  Rule: A password yields no more than the client and the resource owner may have
    Otherwise whoever knows a password has every scope that there is a name for.

    @needs:fx.clients.scope_limits
    Scenario: Viewer asks for what it may not have
      When Viewer asks Ada for "read:appointments write:appointments" with the password of the owner
      Then Viewer holds no scope beyond "read:appointments"
      And Viewer cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:policy.user_limits
    Scenario: Planner asks for what Bo may not do
      When Planner asks Bo for "read:appointments write:appointments" with the password of the owner
      Then Planner holds none of "write:appointments"
      And Planner cannot create an appointment for Bo
      And Bo's calendar is unchanged

    Scenario: Planner asks to read
      When Planner asks Ada for "read:appointments" with the password of the owner
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

    @control
    Scenario: Planner asks for what it and Ada may have
      When Planner asks Ada for "read:appointments write:appointments" with the password of the owner
      Then Planner can create an appointment for Ada

  @ROPC-02 @MUST @rfc6749-4.3.3 @rfc6749-5.1 @rfc6749-6 @needs:as.ropc
  Rule: The client is told what its password request came to, and refreshes within that
    It asked, and nobody answered: all it knows is what the response says.

    Scenario: Planner asks for nothing in particular
      When Planner asks Ada for no scope with the password of the owner
      Then Planner is refused with "invalid_scope", or told what it holds

    @needs:policy.user_limits
    Scenario: Planner asks for what Bo may not do
      When Planner asks Bo for "read:appointments write:appointments" with the password of the owner
      Then Planner is not misled about its scope

    @needs:as.refresh @needs:as.ropc.refresh
    Scenario: Planner refreshes and asks for more
      Given Ada has granted Planner "read:appointments" with the password of the owner
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:as.refresh @needs:as.ropc.refresh
    Scenario: Planner refreshes without asking for anything
      Given Ada has granted Planner "read:appointments write:appointments" with the password of the owner
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments write:appointments"

    @control
    Scenario: Planner asks to read
      When Planner asks Ada for "read:appointments" with the password of the owner
      Then Planner holds at least "read:appointments"
