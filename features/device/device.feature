Feature: A device without a browser
  A device shows a code, and its owner decides at another screen what it may do.
  The device sees nothing of that: it knows what the server tells it when it
  comes to fetch the token. It redeems its code by polling with it.

  @DEF-04 @MUST @rfc8628-3.1 @rfc6749-3.3 @derived @needs:as.device
  Rule: A device that names no scope is given the default, or is refused with invalid_scope
    Otherwise the box under the television holds everything.

    Scenario: Planner asks for nothing in particular
      When Planner asks Ada for no scope on a device, 5 times
      Then each of them is refused, typically with "invalid_scope", or told the default scope
      And each of them holds no scope beyond the default scope
      And they all end alike

    @control
    Scenario: Planner may ask for something
      When Planner asks Ada for "read:appointments" on a device
      Then Planner holds at least "read:appointments"

  @DEV-01 @MUST @rfc8628-3.1 @rfc8628-3.5 @rfc6749-3.3 @derived @needs:as.device
  Rule: A device obtains the scope that it asked for and that was approved, and no other
    Otherwise the page speaks of one thing and the device is given another.

    Scenario: Planner asks to read
      When Planner asks Ada for "read:appointments" on a device
      Then Planner holds exactly "read:appointments"
      And Planner can read an appointment of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:policy.user_limits
    Scenario: Planner asks for what Bo may not do
      When Planner asks Bo for "read:appointments write:appointments" on a device
      Then Planner holds none of "write:appointments"
      And Planner cannot create an appointment for Bo
      And Bo's calendar is unchanged

    @control
    Scenario: Planner asks to write
      When Planner asks Ada for "read:appointments write:appointments" on a device
      Then Planner can create an appointment for Ada

  @DEV-02 @MUST @rfc8628-3.4 @rfc6749-3.2 @derived @needs:as.device
  Rule: A scope that is sent while polling does not widen what was approved
    Otherwise the device chooses its scope after its owner has decided.

    Scenario Outline: Planner may read, and polls for "<asked>"
      Given Planner has a code from Ada for "read:appointments" on a device
      When Planner redeems its code asking for "<asked>"
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: more, and something else
        | asked                                |
        | read:appointments write:appointments |
        | write:appointments                   |

    @needs:fx.clients.public
    Scenario: Pocket, a public client, may read, and polls for more
      Given Pocket has a code from Ada for "read:appointments" on a device
      When Pocket redeems its code asking for "read:appointments write:appointments"
      Then Pocket holds no scope beyond "read:appointments"

    @control
    Scenario: A code to write is good for writing
      Given Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Planner redeems its code
      Then Planner can create an appointment for Ada

  @DEV-03 @MUST @rfc8628-3.5 @needs:as.device @needs:consent.ui.device!=none @needs:fx.clients.fresh
  Rule: A device that was denied access is told so, and never obtains a token for that code
    Otherwise "no" means "ask again".

    @needs:consent.deny
    Scenario: Ada denies
      Given Ada will deny
      When Planner asks Ada for "read:appointments" on a device
      Then Planner is refused with "access_denied"
      And Planner receives no token

    @needs:consent.deny
    Scenario: Ada denies, and a second visit to the page says yes
      Given Planner has a code from Ada for "read:appointments" on a device, who says no and then yes
      When Planner redeems its code
      Then Planner is refused
      And Planner receives no token

    @control
    Scenario: Ada agrees, so there is something to deny
      When Planner asks Ada for "read:appointments" on a device
      Then Planner holds at least "read:appointments"

  @DEV-04 @MUST @rfc6749-5.1 @rfc6749-3.3 @needs:as.device @needs:consent.ui.device=granular
  Rule: A device that is granted a part is granted that part, and is told which
    It has not seen the page, and cannot guess what was left out on it.

    Scenario: Ada lets Planner read, but not write
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments" on a device
      Then Planner is told "read:appointments"
      And Planner holds exactly "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: Ada lets Planner do both
      When Planner asks Ada for "read:appointments write:appointments" on a device
      Then Planner holds at least "read:appointments write:appointments"

  @DEV-05 @SHOULD @rfc8628-3.3 @rfc8628-3.3.1 @derived @needs:as.device @needs:consent.ui.device!=none @needs:fx.clients.fresh
  Rule: Whoever brings the code of a device is shown what it asks for, and decides
    Otherwise to follow a link, or scan a picture, is to agree.

    @needs:consent.ui.device=granular
    Scenario: Ada is shown what Planner asks for
      When Planner asks Ada for "read:appointments write:appointments" on a device
      Then Ada was asked about exactly "read:appointments write:appointments"
      And Planner holds no scope beyond "read:appointments write:appointments"

    Scenario: Ada has looked at the page and gone away
      Given Planner has a code from Ada for "read:appointments" on a device, leaving the page unanswered
      When Planner redeems its code
      Then Planner is refused, typically with "authorization_pending"
      And Planner receives no token

    @control
    Scenario: Ada has agreed
      Given Planner has a code from Ada for "read:appointments" on a device
      When Planner redeems its code
      Then Planner holds at least "read:appointments"

  @DEV-06 @SHOULD @rfc8628-3.2 @rfc6749-5.2 @derived @needs:as.device
  Rule: Devices are held to the policy that other requests for scope are held to
    Otherwise whoever is refused at the front door comes as a television.

    Scenario: Planner asks for a scope that nobody knows
      When Planner asks Ada for "read:appointments x-unknown:scope" on a device, 5 times
      Then the choice of "unknown_scope" is the same each time
      And each of them holds no scope beyond "read:appointments"

    @needs:fx.clients.scope_limits
    Scenario: Viewer asks for a scope that it may not have
      When Viewer asks Ada for "read:appointments write:appointments" on a device, 5 times
      Then the choice of "client_excess" is the same each time
      And each of them holds no scope beyond "read:appointments"

    @control
    Scenario: Viewer asks for what it may have
      When Viewer asks Ada for "read:appointments" on a device
      Then Viewer holds at least "read:appointments"

  @DEV-07 @MUST @rfc6749-5.2 @rfc8628-3.4 @derived @needs:as.device @needs:fx.clients>=2
  Rule: The code of a device is good only for the client that it was issued to
    Otherwise any client may gather what was granted to another.

    Scenario: Rival polls with Planner's code
      Given Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Rival redeems Planner's code
      Then Rival is refused
      And Rival receives no token

    @needs:fx.clients.public
    Scenario: Pocket, of which anybody knows the identifier, polls with Planner's code
      Given Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Pocket redeems Planner's code
      Then Pocket is refused
      And Pocket receives no token

    @control
    Scenario: Planner polls itself
      Given Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"

  @DEV-08 @MUST @rfc6749-6 @needs:as.device @needs:as.refresh @needs:as.device.refresh
  Rule: A device refreshes its token within what was approved
    A device stays signed in for years: what a refresh adds, it keeps.

    Scenario Outline: Planner may read, and refreshes its token asking for "<asked>"
      Given Ada has granted Planner "read:appointments" on a device
      When Planner refreshes its token asking for "<asked>"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: more than was granted, and something else
        | asked                                |
        | read:appointments write:appointments |
        | write:appointments                   |

    Scenario: Planner refreshes without asking for anything
      Given Ada has granted Planner "read:appointments write:appointments" on a device
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments write:appointments"

    @needs:consent.ui.device=granular
    Scenario: Planner asks for what Ada had refused
      Given Ada will grant only "read:appointments"
      And Planner has redeemed a code from Ada for "read:appointments write:appointments" on a device
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

    @needs:policy.refresh_narrowing=honours
    Scenario: Planner asks for less once, and then for all of it
      Given Ada has granted Planner "read:appointments write:appointments" on a device
      And Planner has refreshed its token asking for "read:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments write:appointments"

    @control
    Scenario: What was approved keeps working
      Given Ada has granted Planner "read:appointments write:appointments" on a device
      When Planner refreshes its token asking for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @EDIT-09 @MUST @rfc8628-3.5 @rfc6749-5.2 @derived @needs:as.device @needs:consent.edit!=none
  Rule: A device does not fetch what was taken back after it was approved
    Between the yes and the next poll there is time to think better of it.

    Scenario: Ada revokes the grant before Planner polls
      Given Ada has granted Planner "read:appointments write:appointments" on a device
      And Planner has a code from Ada for "read:appointments write:appointments" on a device
      And Ada has revoked Planner's grant
      When Planner redeems its code
      Then Planner holds no scope beyond ""

    @needs:consent.edit=edit_scopes
    Scenario: Ada removes a scope before Planner polls
      Given Ada has granted Planner "read:appointments write:appointments" on a device
      And Planner has a code from Ada for "read:appointments write:appointments" on a device
      And Ada has removed "write:appointments" from Planner's grant
      When Planner redeems its code
      Then Planner holds no scope beyond "read:appointments"

    @control
    Scenario: Planner fetches what stands
      Given Ada has granted Planner "read:appointments write:appointments" on a device
      And Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"
