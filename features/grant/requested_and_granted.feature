Feature: What was asked for and what was granted
  A client names the access it wants; the authorization server says what it
  really granted wherever that differs.

  @GRANT-01 @SHOULD @rfc6749-3.3 @rfc6749-10.3 @rfc9700-2.3 @needs:as.code
  Rule: What is granted never exceeds what was asked for
    Otherwise a client that asks to read can write, and nobody was told.

    Scenario Outline: Planner asks for "<asked>" and gets no more
      When Planner asks Ada for "<asked>"
      Then Planner holds exactly "<asked>"

      Examples: each scope alone, both, and one that is no API scope
        | asked                                |
        | read:appointments                    |
        | write:appointments                   |
        | read:appointments write:appointments |

    @needs:as.oidc
    Scenario: Signing in brings no scope that was not asked for
      When Planner asks Ada for "openid read:appointments"
      Then Planner holds exactly "openid read:appointments"

    @needs:fx.scopes.decoys
    Scenario Outline: "<asked>" brings nothing of what it looks like
      When Planner asks Ada for "<asked>"
      Then Planner holds no scope beyond "<asked>"

      Examples: longer, shorter, and in other letters
        | asked                 |
        | read:appointments:all |
        | read:appointment      |
        | READ:APPOINTMENTS     |

    @needs:policy.public_client_limits
    Scenario: What is kept for confidential clients brings nothing else
      When Planner asks Ada for the scopes for confidential clients
      Then Planner holds no scope beyond the scopes for confidential clients

    Scenario Outline: What stands in "<parameter>" is not asked for
      When Planner asks Ada for "read:appointments" with the parameter "<parameter>=write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

      Examples: names that are nearly the one
        | parameter     |
        | scope[]       |
        | scopes        |
        | Scope         |
        | scope_details |

  @GRANT-02 @MUST @rfc6749-3.3 @rfc6749-5.1 @needs:as.code @needs:consent.ui=granular|policy.user_limits
  Rule: A scope that differs from the one asked for is named in the response
    Otherwise the client believes that it holds what was refused.

    @needs:consent.ui=granular
    Scenario: Ada grants less
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner is told "read:appointments"

    @needs:policy.user_limits @needs:policy.user_excess=drop
    Scenario: Bo's role allows less
      When Planner asks Bo for "read:appointments write:appointments"
      Then Planner is told "read:appointments"

    @needs:consent.ui=granular @needs:fx.clients.public
    Scenario: Ada grants less to a public client
      Given Ada will grant only "read:appointments"
      When Pocket asks Ada for "read:appointments write:appointments"
      Then Pocket is told "read:appointments"

    @needs:consent.ui=granular @needs:rs.dpop
    Scenario: Ada grants less to a client whose tokens are bound to its key
      Given Planner has a key that its tokens are bound to
      And Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner is told "read:appointments"

  @GRANT-03 @MUST @rfc6749-5.1 @needs:as.code @needs:token.observable
  Rule: The scope in a response is the scope of that token and nothing else
    A response that says less or more than the token can do misleads everyone who
    reads it.

    Scenario Outline: Every account of the token for "<asked>" agrees
      When Planner asks Ada for "<asked>"
      Then every account of Planner's token says "<asked>"

      Examples: alone and together
        | asked                                |
        | read:appointments                    |
        | read:appointments write:appointments |

    @needs:consent.ui=granular
    Scenario: Every account of a narrowed token agrees
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then every account of Planner's token says "read:appointments"

    @needs:consent.ui=granular @needs:fx.clients.public
    Scenario: Every account of a public client's narrowed token agrees
      Given Ada will grant only "read:appointments"
      When Pocket asks Ada for "read:appointments write:appointments"
      Then every account of Pocket's token says "read:appointments"

    @needs:rs.dpop
    Scenario: Every account of a token that is bound to a key agrees
      Given Planner has a key that its tokens are bound to
      When Planner asks Ada for "read:appointments"
      Then every account of Planner's token says "read:appointments"

    @needs:as.refresh
    Scenario: Every account of the second refreshed token agrees
      Given Ada has granted Planner "read:appointments"
      And Planner has refreshed its token
      When Planner refreshes its token
      Then every account of Planner's token says "read:appointments"

  @GRANT-04 @MUST @rfc6749-3.3 @derived @needs:as.code @needs:token.format=jwt @needs:policy.user_excess=drop
  Rule: A self-contained token is made from what was granted, not from what was asked
    Otherwise the response says read and the token can write.

    Scenario: Bo may only read, and so may the token
      When Planner asks Bo for "read:appointments write:appointments"
      Then the claims of Planner's token say "read:appointments"
      And Planner can read an appointment of Bo
      And Planner cannot create an appointment for Bo
      And Bo's calendar is unchanged

  @GRANT-05 @MUST @rfc6749-5.1 @derived @needs:as.code @needs:policy.user_limits|consent.ui=granular
  Rule: Where nothing is left to grant, the client is not left to think that it got everything
    A response without scope means "as requested".

    @needs:policy.user_limits
    Scenario: Cy may grant nothing
      When Planner asks Cy for "read:appointments"
      Then Planner is refused, or told that it holds nothing
      And Planner cannot read an appointment of Cy

    @needs:policy.user_limits
    Scenario: Cy may grant nothing, again and again
      When Planner asks Cy for "read:appointments" 5 times
      Then the choice of "empty_grant" is the same each time

    @needs:consent.ui=granular
    Scenario: Ada deselects everything
      Given Ada will grant only ""
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner is refused, or told that it holds nothing
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: Ada may grant it
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @GRANT-06 @GUIDANCE @rfc6749-3.3 @needs:as.code @needs:rs.api
  Rule: Reading is reading and writing is writing, and neither implies the other
    Otherwise the smaller of two scopes is as good as the larger.

    Scenario: A token to read
      When Planner asks Ada for "read:appointments"
      Then Planner's token opens exactly what "read:appointments" should
      And Ada's calendar is unchanged

    Scenario: A token to write
      When Planner asks Ada for "write:appointments"
      Then Planner's token opens exactly what "write:appointments" should

    Scenario: A token for both
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner's token opens exactly what "read:appointments write:appointments" should

  @GRANT-07 @MUST @rfc6749-5.1 @derived @needs:as.code|as.cc
  Rule: Grants made one after the other do not run into each other
    Otherwise one client's scope turns up in another client's token.

    @needs:as.code @needs:fx.clients>=2 @needs:fx.users>=2
    Scenario: Two clients and two people, in turn
      When these requests are made in turn 6 times:
        | client  | owner | scope                                |
        | Planner | Ada   | read:appointments write:appointments |
        | Viewer  | Bo    | read:appointments                    |
        | Planner | Ada   | write:appointments                   |
      Then each of them holds exactly what it asked for

    @needs:as.cc
    Scenario: A machine asks for both, and then for one at a time
      When these requests are made in turn 2 times:
        | client | owner | scope                                |
        | Worker |       | read:appointments write:appointments |
        | Worker |       | read:appointments                    |
        | Worker |       | write:appointments                   |
      Then each of them holds no scope beyond what it asked for

  @GRANT-08 @MAY @rfc6749-5.1 @needs:as.code
  Rule: A scope that is exactly what was asked for may be left out of the response, always or never
    A client that can rely on neither must treat every response as different.

    Scenario: Planner is granted what it asked for, again and again
      When Planner asks Ada for "read:appointments" 5 times
      Then the choice of "scope_in_response" is the same each time
      And Planner holds exactly "read:appointments"

  @GRANT-09 @MAY @rfc6749-4.1.2 @google-incremental @derived @needs:as.code
  Rule: A scope in the redirect that carries the code is the one that was granted
    Clients that read it there would act on scopes they do not have.

    Scenario: The redirect repeats no more than Planner was granted
      When Planner asks Ada for "read:appointments" 5 times
      Then the choice of "scope_in_redirect" is the same each time
      And the redirect tells Planner nothing but "read:appointments"

    @needs:consent.ui=granular
    Scenario: The redirect does not repeat what Ada refused
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments"
      Then the redirect tells Planner nothing but "read:appointments"
      And Planner holds exactly "read:appointments"
