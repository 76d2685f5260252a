Feature: Clients that register themselves
  Anybody can send client metadata. The answer is what counts: what a client is
  told there is what it may have, no more and no less.

  @CLI-03 @MUST @rfc7591-3.2.1 @needs:as.dcr.scope
  Rule: The answer to a registration says for which scopes it really is
    Otherwise a client learns what it may have by being refused, or never learns
    what it was given.

    Scenario: Newcomer names a scope that nobody knows
      When Newcomer registers for "read:appointments write:appointments x-unknown:scope" 5 times
      Then the choice of "registration_unknown" is the same each time
      And Newcomer is registered for no scope beyond "read:appointments write:appointments x-unknown:scope"

    @needs:as.code @needs:policy.registration_unknown=drop
    Scenario: Newcomer asks Ada for all that it named
      Given Newcomer has registered for "read:appointments write:appointments x-unknown:scope"
      When Newcomer asks Ada for "read:appointments write:appointments x-unknown:scope"
      Then Newcomer obtains exactly what it asked for and is registered for

    @needs:as.code
    Scenario Outline: Newcomer has registered for "<registered>" and asks Ada for "<asked>"
      Given Newcomer has registered for "<registered>"
      When Newcomer asks Ada for "<asked>"
      Then Newcomer obtains exactly what it asked for and is registered for

      Examples: all of it, a part of it, and more
        | registered                           | asked                                |
        | read:appointments write:appointments | read:appointments write:appointments |
        | read:appointments write:appointments | read:appointments                    |
        | read:appointments                    | read:appointments write:appointments |

    @needs:as.code @needs:as.dcr.public
    Scenario: Newcomer has registered as a public client, and asks Ada for more
      Given Newcomer has registered for "read:appointments" as a public client
      When Newcomer asks Ada for "read:appointments write:appointments"
      Then Newcomer obtains exactly what it asked for and is registered for

    @control
    Scenario: Newcomer registers for what anybody may have
      When Newcomer registers for "read:appointments"
      Then Newcomer is registered for at least "read:appointments"

  @CLI-04 @MAY @rfc7591-3.2.1 @rfc7591-5 @derived @needs:as.dcr.scope @needs:fx.scopes.privileged
  Rule: A privileged scope is not to be had by registering for it
    What a client says of itself is no reason to trust it.

    Scenario: Newcomer registers for it
      When Newcomer registers for "read:appointments" and the privileged scopes, 5 times
      Then the choice of "registration_privileged" is the same each time
      And Newcomer is registered for none of the privileged scopes

    @needs:as.code @needs:policy.registration_privileged=drop
    Scenario: Newcomer asks Ada for it all the same
      Given Newcomer has registered for "read:appointments" and the privileged scopes
      When Newcomer asks Ada for "read:appointments" and the privileged scopes
      Then Newcomer obtains exactly what it asked for and is registered for

    @control
    Scenario: Newcomer registers for what anybody may have
      When Newcomer registers for "read:appointments"
      Then Newcomer is registered for at least "read:appointments"

  @CLI-05 @MAY @rfc7591-2 @rfc7591-3.1 @needs:as.dcr.scope
  Rule: Who registers for no scope is given a default and told of it, or none
    Otherwise the client that says the least may have the most.

    Scenario: Newcomer registers for nothing in particular
      When Newcomer registers for no scope 5 times
      Then the choice of "registration_omitted" is the same each time

    @needs:as.code @needs:policy.registration_omitted!=reject
    Scenario Outline: Newcomer has registered for nothing in particular, and asks Ada for "<asked>"
      Given Newcomer has registered for no scope
      When Newcomer asks Ada for "<asked>"
      Then Newcomer obtains exactly what it asked for and is registered for

      Examples: what is a likely default, and what is not
        | asked                                |
        | read:appointments                    |
        | write:appointments                   |
        | read:appointments write:appointments |

    @control
    Scenario: Newcomer may say what it wants
      When Newcomer registers for "read:appointments"
      Then Newcomer is registered for at least "read:appointments"

  @CLI-06 @MUST @rfc7592-2.2 @rfc7591-5 @derived @needs:as.dcr.mgmt @needs:as.dcr.scope
  Rule: A client that changes its registration gets no more than by registering, and is told what
    Otherwise the second request is the one that nobody judges.

    @GUIDANCE @needs:fx.scopes.privileged
    Scenario: Newcomer adds a privileged scope
      Given Newcomer has registered for "read:appointments"
      When Newcomer changes its registration to "read:appointments" and the privileged scopes
      Then Newcomer is registered for none of the privileged scopes

    @needs:as.code
    Scenario Outline: Newcomer has changed its registration to "<changed>"
      Given Newcomer has registered for "<before>"
      And Newcomer has changed its registration to "<changed>"
      When Newcomer asks Ada for "read:appointments write:appointments"
      Then Newcomer obtains exactly what it asked for and is registered for

      Examples: more, and less
        | before                               | changed                              |
        | read:appointments                    | read:appointments write:appointments |
        | read:appointments write:appointments | read:appointments                    |

    @needs:as.code @needs:policy.registration_omitted!=reject
    Scenario: Newcomer leaves the scope out
      Given Newcomer has registered for "read:appointments write:appointments"
      And Newcomer has changed its registration to no scope
      When Newcomer asks Ada for "read:appointments write:appointments"
      Then Newcomer obtains exactly what it asked for and is registered for

    Scenario: Newcomer reads what it was told
      Given Newcomer has registered for "read:appointments"
      When Newcomer changes its registration to "read:appointments write:appointments"
      Then Newcomer's registration is the same when it is read

    @control
    Scenario: Newcomer keeps what it has
      Given Newcomer has registered for "read:appointments write:appointments"
      When Newcomer changes its registration to "read:appointments write:appointments"
      Then Newcomer is registered for at least "read:appointments"

  @CLI-08 @MUST @rfc7591-3.1.1 @needs:as.dcr.software_statement @needs:as.dcr.scope
  Rule: The scope in a software statement counts, and not the one beside it
    A statement is signed by somebody who is trusted, and the rest by nobody.

    Scenario: Newcomer asks for more than the statement says
      When Newcomer registers for "read:appointments write:appointments" with a software statement for "read:appointments"
      Then Newcomer is registered for no scope beyond "read:appointments"

    @needs:as.code
    Scenario: Newcomer asks Ada for more than the statement says
      Given Newcomer has registered for "read:appointments write:appointments" with a software statement for "read:appointments"
      When Newcomer asks Ada for "read:appointments write:appointments"
      Then Newcomer holds no scope beyond "read:appointments"
      And Newcomer cannot create an appointment for Ada

    Scenario: The statement is of nobody's
      When Newcomer registers for "read:appointments" with a software statement of nobody's for "read:appointments write:appointments"
      Then Newcomer is registered for none of "write:appointments"

    @control
    Scenario: Newcomer says nothing beside the statement
      When Newcomer registers for no scope with a software statement for "read:appointments write:appointments"
      Then Newcomer is registered for at least "read:appointments write:appointments"

  @CLI-09 @SHOULD @rfc7591-3.2.2 @rfc7591-2 @derived @needs:as.dcr.scope
  Rule: A scope that is none is refused at registration, or mended
    What is stored as it came is compared, later, with something else.

    Scenario Outline: Newcomer registers for what no scope may be: <scope>
      When Newcomer registers for "<scope>"
      Then Newcomer's registration is well written, or refused

      Examples: characters that no scope may hold
        | scope                                     |
        | read:appointments x\u0022write            |
        | read:appointments\u0009write:appointments |

    Scenario: Newcomer registers for one scope that has a comma in it
      When Newcomer registers for "read:appointments x-unknown:scope,write:appointments"
      Then Newcomer's registration is well written, or refused
      And Newcomer is registered for no scope beyond "read:appointments x-unknown:scope,write:appointments"

    Scenario: Newcomer registers for a list
      When Newcomer registers for "read:appointments" as a list
      Then Newcomer's registration is well written, or refused
      And Newcomer is registered for no scope beyond "read:appointments"

    @control
    Scenario: Newcomer registers for a scope
      When Newcomer registers for "read:appointments"
      Then Newcomer is registered for at least "read:appointments"
