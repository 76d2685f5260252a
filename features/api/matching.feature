Feature: How an API matches scopes
  A token opens an operation when the scope that it needs is among the token's
  scopes: the same word, letter by letter.

  @RSM-01 @MUST @rfc6749-7 @needs:rs.api @needs:as.code
  Rule: A token that covers an operation is served
    An API that refuses everybody keeps every other rule.

    Scenario: Reading
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada

    Scenario: Writing
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada
      And Planner can replace an appointment of Ada
      And Planner can delete an appointment of Ada

    Scenario: Both
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can read an appointment of Ada
      And Planner can create an appointment for Ada

  @RSM-02 @MUST @rfc6749-7 @rfc9700-2.3 @fapi2-5.3.4 @needs:rs.api @needs:as.code
  Rule: A valid token without the needed scope is refused, every time
    Otherwise the scope on the consent page limits nothing.

    @needs:rs.write_only
    Scenario: A token to write does not read
      When Planner asks Ada for "write:appointments"
      Then Planner cannot read an appointment of Ada
      And Planner can create an appointment for Ada

    Scenario: A token to read does not write
      When Planner asks Ada for "read:appointments"
      Then Planner cannot create an appointment for Ada
      And Planner cannot change an appointment of Ada
      And Planner cannot replace an appointment of Ada
      And Planner cannot delete an appointment of Ada
      And Ada's calendar is unchanged
      And Planner can read an appointment of Ada

    Scenario: Refused once, refused again
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada 5 times
      Then every answer was a refusal that shows nothing of Ada's
      And Ada's calendar is unchanged

  @RSM-03 @MUST @rfc6749-3.3 @rfc6750-3 @needs:rs.api @needs:rs.mint
  Rule: Scopes are compared case-sensitively
    READ:APPOINTMENTS is another scope, which somebody else may define.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner cannot list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: other letters
        | scope                                |
        | READ:APPOINTMENTS WRITE:APPOINTMENTS |
        | Read:Appointments Write:Appointments |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-04 @MUST @rfc6749-3.3 @rfc6749-7 @derived @needs:rs.api @needs:rs.mint
  Rule: A longer scope that begins with the needed one does not open it
    read:appointments:own is meant to be less.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner cannot list the appointments of Ada

      Examples: the needed scope and something after it
        | scope                 |
        | read:appointments:all |
        | read:appointments:own |
        | read:appointments2    |
        | read:appointments/    |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-05 @MUST @rfc6749-3.3 @rfc6749-7 @derived @needs:rs.api @needs:rs.mint
  Rule: A shorter scope that the needed one begins with does not open it
    Otherwise "read" opens everything that is read.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner cannot list the appointments of Ada

      Examples: the beginning of the needed scope
        | scope            |
        | read             |
        | read:            |
        | read:appointment |
        | r                |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-06 @MUST @rfc6749-3.3 @needs:rs.api @needs:rs.mint
  Rule: A scope that contains the needed one does not open it
    Otherwise a scope whose name says "not" opens what it forbids.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner cannot list the appointments of Ada

      Examples: the needed scope inside one word, and across two
        | scope                        |
        | unread:appointments          |
        | xread:appointmentsx          |
        | do-not-read:appointments a:b |

      Examples: the same name of somebody else
        | scope                                   |
        | tasks:read:appointments                 |
        | tasks/read:appointments                 |
        | https://tasks.example/read:appointments |
        | tasks.example#read:appointments         |
        | appointments:read                       |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-07 @MUST @rfc6749-3.3 @derived @needs:rs.api @needs:rs.mint
  Rule: Only a space separates scopes
    Otherwise one strange scope becomes two good ones.

    Scenario Outline: A token whose scope is <scope>
      Given Planner carries a token for Ada whose scope claim is <scope>
      Then Planner cannot list the appointments of Ada

      Examples: comma, semicolon, tab, line feed
        | scope                   |
        | "x,read:appointments"   |
        | "x;read:appointments"   |
        | "x\\tread:appointments" |
        | "x\\nread:appointments" |

    @control
    Scenario: A space
      Given Planner carries a token for Ada with the scope "write:appointments read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-08 @MUST @rfc6749-3.3 @derived @needs:rs.api @needs:rs.mint
  Rule: A wildcard in a token means nothing
    A star is one more letter.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner cannot list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: what people write for everything
        | scope  |
        | *      |
        | read:* |
        | all    |
        | admin  |
        | .*     |
        | %      |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-09 @MUST @rfc6749-3.3 @derived @needs:rs.api @needs:rs.mint @needs:fx.scopes.dotted
  Rule: A dot in a needed scope is a dot
    Otherwise it stands for any letter.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner cannot read a summary of Ada

      Examples: another letter in place of the dot
        | scope           |
        | calendarXread |
        | calendar:read |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "calendar.read"
      Then Planner can read a summary of Ada

  @RSM-10 @MUST @rfc6749-7 @needs:rs.api @needs:rs.all_of @needs:as.code
  Rule: An operation that needs two scopes needs both
    Otherwise the weaker of the two is enough.

    Scenario Outline: A token for "<scope>"
      When Planner asks Ada for "<scope>"
      Then Planner cannot move an appointment of Ada
      And Ada's calendar is unchanged

      Examples: one of the two
        | scope              |
        | read:appointments  |
        | write:appointments |

    @control
    Scenario: A token for both
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can move an appointment of Ada

  @RSM-11 @MUST @rfc6749-3.3 @needs:rs.api @needs:rs.mint
  Rule: Neither order nor other scopes matter
    Otherwise a token stops working when it is good for more.

    Scenario Outline: A token with "<scope>"
      Given Planner carries a token for Ada with the scope "<scope>"
      Then Planner can list the appointments of Ada

      Examples: last, in the middle, twice
        | scope                                  |
        | write:appointments read:appointments   |
        | x read:appointments y                  |
        | read:appointments read:appointments    |

    @needs:rs.write_only
    Scenario: Without it nothing helps
      Given Planner carries a token for Ada with the scope "x write:appointments y"
      Then Planner cannot list the appointments of Ada

  @RSM-12 @MAY @rfc8693-4.2 @rfc9068-2.2.3 @derived @needs:rs.api @needs:rs.mint.jwt
  Rule: A scope that is not a string is understood or refused, and never opens everything
    Otherwise a token of an unexpected shape is a token for everything.

    Scenario: A list of scopes, again and again
      Given Planner carries a token for Ada whose scope claim is ["read:appointments"]
      When Planner lists the appointments of Ada 5 times
      Then the choice of "scope_array" is the same each time

    Scenario Outline: A scope that is <scope>
      Given Planner carries a token for Ada whose scope claim is <scope>
      Then Planner cannot list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: what JSON can hold, and no list of scopes
        | scope                      |
        | 123                        |
        | true                       |
        | {}                         |
        | null                       |
        | [["read:appointments"]]    |
        | {"read:appointments":true} |

    @control
    Scenario: A string
      Given Planner carries a token for Ada whose scope claim is "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-13 @MUST @rfc6749-7 @rfc9068-2.2.3 @derived @needs:rs.api @needs:rs.mint
  Rule: A token without scope opens nothing that needs one
    Otherwise the emptiest token is the strongest.

    Scenario Outline: A token whose scope is <scope>
      Given Planner carries a token for Ada whose scope claim is <scope>
      Then Planner cannot list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: not there, and empty in two ways
        | scope  |
        | absent |
        | ""     |
        | " "    |

    @needs:rs.mint.jwt
    Scenario Outline: A token whose scope is the list <scope>
      Given Planner carries a token for Ada whose scope claim is <scope>
      Then Planner cannot list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: lists that hold no scope
        | scope |
        | []    |
        | [""]  |

    @control
    Scenario: With a scope it is served
      Given Planner carries a token for Ada with the scope "read:appointments write:appointments"
      Then Planner can list the appointments of Ada
      And Planner can create an appointment for Ada

  @RSM-14 @MUST @rfc6749-7 @rfc9700-2.3 @rfc9700-4.13 @derived @needs:rs.api @needs:as.code
  Rule: Scope is taken from the token and from nowhere else in the request
    What a gateway adds behind the door, anybody can send in front of it.

    Scenario Outline: A token to read, with <name> that says more
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada with "<name>" set to "write:appointments"
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: what gateways tell the APIs behind them
        | name                  |
        | X-Scope               |
        | X-Scopes              |
        | Scope                 |
        | X-OAuth-Scopes        |
        | X-Forwarded-Scopes    |
        | X-Auth-Request-Scopes |
        | X-Auth-Request-Groups |

    Scenario Outline: A token to read, with <name> that says who asks
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada with "<name>" set to "<value>"
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: what makes somebody a friend of the house
        | name             | value     |
        | X-Forwarded-For  | 127.0.0.1 |
        | X-Real-IP        | 127.0.0.1 |
        | X-Forwarded-Host | localhost |
        | X-Forwarded-User | admin     |
        | X-User-Roles     | admin     |
        | X-Internal       | true      |

    Scenario Outline: A token to read, with a scope in the <place>
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada naming "write:appointments" in "<where>"
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: parameters
        | place | where      |
        | query | ?scope     |
        | form  | form scope |

    Scenario: A second token in a header of its own
      Given Ada has granted Planner "read:appointments"
      And Ada has granted Rival "read:appointments write:appointments"
      When Planner creates an appointment for Ada adding the token of "Rival" in the "header"
      Then Planner's request is refused
      And Ada's calendar is unchanged

    @control
    Scenario: A token that has the scope
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

  @RSM-15 @MUST @rfc6749-3.3 @derived @needs:rs.api @needs:rs.mint
  Rule: Letters that look alike are not alike
    A scope is ASCII. Whoever folds other letters into it opens it to scopes that
    nobody meant.

    Scenario Outline: A token whose scope is <scope>
      Given Planner carries a token for Ada whose scope claim is <scope>
      Then Planner cannot list the appointments of Ada

      Examples: Cyrillic, full width, a letter that takes no room, a long s, an accent
        | scope                        |
        | "r\\u0435ad:appointments"    |
        | "\\uff52ead:appointments"    |
        | "read:app\\u200dointments"   |
        | "read:appointment\\u017f"    |
        | "re\\u0301ad:appointments"   |

    @control
    Scenario: The scope itself
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-16 @MUST @rfc6749-7 @oidc-5.4 @derived @needs:rs.api @needs:as.code @needs:as.oidc
  Rule: To know who somebody is opens nothing of an API
    Signing in is agreed to without a second thought. It must not hand over a calendar.

    Scenario: A token for signing in
      When Planner asks Ada for "openid profile email"
      Then Planner cannot list the appointments of Ada
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control
    Scenario: A token for signing in and for the calendar
      When Planner asks Ada for "openid profile email read:appointments"
      Then Planner can list the appointments of Ada

  @RSM-17 @MUST @rfc6749-7 @needs:rs.api @needs:as.code|rs.mint
  Rule: Every operation is open to what it needs, and to nothing less
    The operation that nobody thinks of is the one whose check is missing.

    Scenario: One operation after another
      Then each operation is served to a token for Ada with just the scopes that it needs
      And each operation is refused to a token for Ada that lacks one of the scopes that it needs
      And Ada's calendar is unchanged
