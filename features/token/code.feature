Feature: Redeeming an authorization code
  A code stands for one decision of one resource owner about one client. What is
  sent along when it is redeemed does not change the decision.

  @CODE-01 @MUST @rfc6749-3.2 @rfc6749-4.1.3 @derived @needs:as.code
  Rule: A scope that is sent with the code does not widen what the code stands for
    Otherwise the client chooses its scope after the resource owner has decided.

    Scenario Outline: Planner redeems a code to read and asks for "<asked>"
      Given Planner has a code from Ada for "read:appointments"
      When Planner redeems its code asking for "<asked>"
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: more, something else, everything, and nobody knows what
        | asked                                |
        | read:appointments write:appointments |
        | write:appointments                   |
        | *                                    |
        | x-unknown:scope                      |

    @needs:fx.clients.public
    Scenario: Pocket, a public client, asks for more
      Given Pocket has a code from Ada for "read:appointments"
      When Pocket redeems its code asking for "read:appointments write:appointments"
      Then Pocket holds no scope beyond "read:appointments"
      And Pocket is not misled about its scope

    @needs:as.par
    Scenario: Planner has pushed its request, and asks for more
      Given Planner has a code from Ada for "read:appointments" by a pushed request
      When Planner redeems its code asking for "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope

    @control
    Scenario: A code to write is good for writing
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner can create an appointment for Ada

  @CODE-02 @MAY @rfc6749-3.2 @rfc6749-3.3 @derived @needs:as.code
  Rule: A narrower scope that is sent with the code is ignored, refused, or honoured and named
    A token that is said to be weak and is strong will be handed on.

    Scenario: Planner redeems codes for both, and asks to read
      When Planner asks Ada for "read:appointments write:appointments" and redeems the code for "read:appointments", 5 times
      Then the choice of "code_scope" is the same each time
      And each of them is not misled about its scope

    @needs:as.refresh @needs:policy.code_scope!=rejects
    Scenario: The grant stays what Ada agreed to
      Given Ada has granted Planner "read:appointments write:appointments", redeeming the code for "read:appointments"
      When Planner refreshes its token
      Then Planner holds exactly "read:appointments write:appointments"

  @CODE-03 @MUST @rfc6749-4.1.3 @rfc6749-10.5 @needs:as.code @needs:fx.clients>=2
  Rule: A code is good only for the client that it was issued to
    Otherwise any client may gather what was granted to another.

    Scenario: Rival presents Planner's code
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Rival redeems Planner's code
      Then Rival is refused
      And Rival receives no token

    @needs:fx.clients.public
    Scenario: Pocket, of which anybody knows the identifier, presents Planner's code
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Pocket redeems Planner's code
      Then Pocket is refused
      And Pocket receives no token

    @control
    Scenario: Planner presents it itself
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"

  @CODE-04 @MUST @rfc6749-4.1.2 @rfc6749-10.5 @needs:as.code
  Rule: A code is good once
    Otherwise whoever reads it in a log may use it again.

    Scenario: Planner redeems its code a second time
      Given Planner has redeemed a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner is refused with "invalid_grant"
      And Planner receives no token

    @SHOULD @needs:token.revocation_visible=immediate @needs:as.introspection|token.format=opaque
    Scenario: The second attempt ends what the first one obtained
      Given Planner has redeemed a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner's first token has ended

    @control
    Scenario: The first attempt works
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"

  @CODE-05 @MUST @rfc6749-4.1.2 @derived @needs:as.code
  Rule: Each code yields what was decided about its own request
    Two tabs of a browser are two requests. A server that keeps one of them in
    mind grants in the one what was asked in the other.

    @needs:consent.driver=form @needs:consent.ui!=none @needs:consent.final @needs:fx.clients.fresh
    Scenario Outline: Ada has two pages open and answers the <first> one first
      Given Ada is shown what Planner asks: "read:appointments"
      And Ada is shown what Planner asks: "write:appointments"
      When Ada answers both pages, the <first> one first
      Then each of them holds exactly what it asked for, or is refused

      Examples: in either order
        | first  |
        | first  |
        | second |

    Scenario: Two codes are redeemed the other way round
      Given Planner has a code from Ada for "read:appointments write:appointments"
      And Planner has a code from Ada for "read:appointments"
      When Planner redeems its codes, the latest first
      Then each of them holds exactly what it asked for, or is refused

    @control
    Scenario: One code alone yields what was decided
      Given Planner has a code from Ada for "write:appointments"
      When Planner redeems its code
      Then Planner holds at least "write:appointments"

  @CODE-06 @GUIDANCE @rfc6749-10.3 @derived @needs:as.code @needs:ctl.client_admin
  Rule: A scope that the client has lost is not delivered by a code from before
    Otherwise a code in hand outlives the decision to take the scope away.

    Scenario: Planner may no longer write when it redeems its code
      Given Planner has a code from Ada for "read:appointments write:appointments"
      And Planner has been limited to "read:appointments"
      When Planner redeems its code
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    Scenario Outline: What Planner has asked for <way> it does not fetch either
      Given Planner has a code from Ada for "openid read:appointments write:appointments" <way>
      And Planner has been limited to "openid read:appointments"
      When Planner redeems its code
      Then Planner holds no scope beyond "openid read:appointments"

      @needs:as.device
      Examples: where there are devices
        | way         |
        | on a device |

      @needs:as.ciba
      Examples: where there is a backchannel
        | way                  |
        | over the backchannel |

    @control
    Scenario: What Planner may still do is delivered
      Given Planner has a code from Ada for "read:appointments"
      And Planner has been limited to "read:appointments"
      When Planner redeems its code
      Then Planner can read an appointment of Ada
