Feature: How a scope is written
  A scope is a list of words, separated by one space each and compared letter by
  letter. Whoever reads more into it grants what nobody asked for.

  @SYN-01 @MUST @rfc6749-3.3 @needs:as.code|as.cc
  Rule: Every scope that a server names is written as the standard says
    Clients and APIs split at single spaces, and nowhere else.

    @needs:as.code
    Scenario: Everything that is said of a token for two scopes
      When Planner asks Ada for "read:appointments write:appointments"
      Then every scope that is named to Planner is well written

    @needs:as.cc
    Scenario: Everything that is said of a machine's token
      When Robot asks for "read:appointments" on its own behalf
      Then every scope that is named to Robot is well written

    @needs:as.code
    Scenario: What is left of a request with too many spaces
      When Planner asks Ada for "read:appointments  x-unknown:scope "
      Then every scope that is named to Planner is well written

  @SYN-02 @MUST @rfc6749-5.1 @rfc7662-2.2 @rfc8693-4.2 @needs:as.code|as.cc
  Rule: A scope in an answer or in a token is one string
    A client that expects a string and is sent a list holds nothing, or everything.

    @needs:as.code
    Scenario: Everything that is said of a token for two scopes
      When Planner asks Ada for "read:appointments write:appointments"
      Then every scope that is named to Planner is one string

    @needs:as.cc
    Scenario: Everything that is said of a machine's token
      When Robot asks for "read:appointments" on its own behalf
      Then every scope that is named to Robot is one string

  @SYN-03 @MUST @rfc6749-3.3 @rfc6749-4.1.2.1 @rfc6749-5.2 @derived @needs:as.code|as.cc
  Rule: A scope with a character that no scope may hold is refused, or left out
    Such a character ends a header, or a string in somebody's script.

    @needs:as.code
    Scenario Outline: Planner asks for a scope with <what> in it
      When Planner asks Ada for "read:appointments x<character>y"
      Then Planner is refused, or told what it holds
      And Planner holds no scope beyond "read:appointments" and the default scope

      Examples: quoting, control and foreign characters
        | what             | character |
        | a quotation mark | \u0022    |
        | a backslash      | \u005c    |
        | a zero           | \u0000    |
        | a tab            | \u0009    |
        | a line feed      | \u000a    |
        | a delete         | \u007f    |
        | an é             | é         |

    @needs:as.code
    Scenario Outline: Planner asks for a scope that would be known without <what>
      When Planner asks Ada for "<asked>"
      Then Planner holds no known scope beyond the default scope

      Examples: what a reader may drop, cut off, take off or mend
        | what                    | asked                                |
        | a zero in it            | write:\u0000appointments             |
        | a zero after it         | write:appointments\u0000x            |
        | a delete in it          | write:\u007fappointments             |
        | a backslash in it       | write:\u005cappointments             |
        | quotation marks         | \u0022write:appointments\u0022       |
        | brackets and marks      | [\u0022write:appointments\u0022]     |
        | a bell in it            | write:\u0007appointments             |
        | a space without a width | write:\u200bappointments             |
        | an accent               | writé:appointments                   |
        | a letter too many       | writeé:appointments                  |

    @needs:as.cc
    Scenario Outline: Worker asks for a scope with <what> in it
      When Worker asks for "read:appointments x<character>y" on its own behalf
      Then Worker is refused, or told what it holds
      And Worker holds no scope beyond "read:appointments" and the default scope

      Examples: quoting, control and foreign characters
        | what             | character |
        | a quotation mark | \u0022    |
        | a backslash      | \u005c    |
        | a zero           | \u0000    |
        | a tab            | \u0009    |
        | a line feed      | \u000a    |
        | a delete         | \u007f    |
        | an é             | é         |

    @control @needs:as.code
    Scenario: Without it the request is good
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @SYN-04 @MUST @rfc6749-3.3 @needs:as.code|as.cc
  Rule: Nothing but a space separates scopes
    Otherwise the page shows one strange word, and two scopes are granted.

    @needs:as.code
    Scenario Outline: Planner joins two scopes with <what>
      When Planner asks Ada for "read:appointments<joint>write:appointments"
      Then Planner holds no known scope beyond the default scope

      Examples: what others use
        | what                     | joint  |
        | a comma                  | ,      |
        | a semicolon              | ;      |
        | a bar                    | \|     |
        | a plus sign              | +      |
        | a tab                    | \u0009 |
        | a line feed              | \u000a |
        | a space that never breaks | \u00a0 |
        | a carriage return         | \u000d |
        | a form feed               | \u000c |
        | a vertical tab            | \u000b |
        | a wide space              | \u3000 |

    @needs:as.cc
    Scenario Outline: Worker joins two scopes with <what>
      When Worker asks for "read:appointments<joint>write:appointments" on its own behalf
      Then Worker holds no known scope beyond the default scope

      Examples: what others use
        | what        | joint |
        | a comma     | ,     |
        | a plus sign | +     |

    @control @needs:as.code
    Scenario: A space does separate them
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @SYN-05 @MUST @rfc6749-3.3 @needs:as.code
  Rule: The order of scopes does not matter
    Otherwise the resource owner is asked again for what they agreed to, or one of
    the scopes gets lost.

    Scenario Outline: Planner asks for "<asked>"
      When Planner asks Ada for "<asked>"
      Then Planner holds exactly "read:appointments write:appointments"

      Examples: both orders
        | asked                                |
        | read:appointments write:appointments |
        | write:appointments read:appointments |

    @needs:as.oidc.silent @needs:consent.remembered
    Scenario Outline: Ada agreed, and Planner asks silently for "<asked>"
      Given Ada has granted Planner "openid read:appointments write:appointments"
      When Planner asks Ada for "<asked>" silently
      Then Planner holds exactly "openid read:appointments write:appointments"

      Examples: all other orders
        | asked                                       |
        | openid write:appointments read:appointments |
        | read:appointments openid write:appointments |
        | read:appointments write:appointments openid |
        | write:appointments openid read:appointments |
        | write:appointments read:appointments openid |

    @needs:as.refresh
    Scenario: Planner refreshes and names the scopes in another order
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner refreshes its token asking for "write:appointments read:appointments"
      Then Planner holds exactly "read:appointments write:appointments"

  @SYN-06 @MUST @rfc6749-3.3 @needs:as.code|as.cc
  Rule: A scope in other letters is another scope
    Otherwise a server that folds letters and an API that does not disagree about
    what was granted.

    @needs:as.code
    Scenario Outline: Planner asks for "<asked>"
      When Planner asks Ada for "<asked>"
      Then Planner holds none of "write:appointments"
      And Planner cannot create an appointment for Ada

      Examples: capitals, all or some
        | asked                                |
        | read:appointments WRITE:APPOINTMENTS |
        | read:appointments Write:Appointments |

    @needs:as.cc
    Scenario: Worker asks for it in capitals
      When Worker asks for "read:appointments WRITE:APPOINTMENTS" on its own behalf
      Then Worker holds none of "write:appointments"

    @needs:as.code @needs:as.oidc.prompt @needs:consent.remembered @needs:consent.ui!=none @needs:fx.clients.fresh @needs:fx.scopes.decoys
    Scenario: What Ada agreed to in small letters she has not agreed to in capitals
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid READ:APPOINTMENTS" silently
      Then Planner holds none of "READ:APPOINTMENTS"

    @needs:as.code @needs:as.oidc.offline @needs:policy.refresh_without_offline=not_issued
    Scenario: Offline_Access gives no refresh token
      When Planner asks Ada for "openid Offline_Access read:appointments", insisting on consent
      Then Planner receives no refresh token

    @control @needs:as.code
    Scenario: In the right letters it is granted
      When Planner asks Ada for "write:appointments"
      Then Planner holds at least "write:appointments"

  @SYN-07 @MAY @rfc6749-3.3 @derived @needs:as.code
  Rule: A scope that is named twice counts once, or the request is refused
    A server that counts words where it should compare them can be made to count
    wrong.

    Scenario: Planner names one scope twice
      When Planner asks Ada for "read:appointments read:appointments write:appointments" 5 times
      Then the choice of "duplicates" is the same each time
      And each of them is refused, or told "read:appointments write:appointments"
      And each of them is told no scope twice

    @needs:as.oidc.prompt @needs:consent.remembered @needs:consent.ui!=none @needs:fx.clients.fresh
    Scenario: As many words as Ada agreed to are not the words that she agreed to
      Given Ada has granted Planner "openid email read:appointments"
      When Planner asks Ada for "openid write:appointments write:appointments" silently
      Then Planner holds no scope beyond "openid email read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @SYN-08 @MAY @rfc6749-3.3 @derived @needs:as.code|as.cc
  Rule: Spaces too many are passed over, or refused, and never make a scope of their own
    The empty word begins every other word.

    @needs:as.code
    Scenario Outline: Planner asks with a space <where>
      When Planner asks Ada for "<asked>" 5 times
      Then each of them is refused, or told "read:appointments write:appointments"

      Examples: where a server need not treat it as one at the end
        | where    | asked                                      |
        | in front | \u0020read:appointments write:appointments |
        | between  | read:appointments\u0020 write:appointments |

    @needs:as.code
    Scenario: Planner asks with a space at the end
      When Planner asks Ada for "read:appointments write:appointments\u0020" 5 times
      Then the choice of "surplus_spaces" is the same each time
      And each of them is refused, or told "read:appointments write:appointments"

    @needs:as.cc
    Scenario: Worker asks with spaces all over
      When Worker asks for " read:appointments  write:appointments " on its own behalf
      Then Worker is refused, or told "read:appointments write:appointments"

    @needs:as.code
    Scenario: Planner asks for nothing but a space
      When Planner asks Ada for " "
      Then Planner holds no scope beyond the default scope

  @SYN-09 @MUST @rfc6749-3.1 @rfc6749-3.2 @needs:as.code|as.cc
  Rule: A scope that is empty is no scope
    Otherwise the one takes the default, and the other escapes every limit.

    @needs:as.code
    Scenario: Planner asks with and without it
      When these requests are made in turn 2 times:
        | client  | owner | scope          |
        | Planner | Ada   | no scope       |
        | Planner | Ada   | an empty scope |
      Then they all end alike

    @needs:as.cc
    Scenario: Worker asks with and without it
      When these requests are made in turn 2 times:
        | client | owner | scope          |
        | Worker |       | no scope       |
        | Worker |       | an empty scope |
      Then they all end alike

    @needs:as.code @needs:as.refresh
    Scenario: Planner refreshes with a scope that is empty
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token asking for ""
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

  @SYN-10 @MUST @rfc6749-3.1 @rfc6749-3.2 @rfc6749-4.1.2.1 @rfc6749-5.2 @needs:as.code|as.cc
  Rule: A request that has the scope parameter twice is not read in two ways
    Otherwise the page shows the one and the token is made from the other.

    @needs:as.code
    Scenario Outline: Planner asks for "<first>" and, in the same request, for "<second>"
      When Planner asks Ada for "<first>", repeating the parameter with "<second>"
      Then Planner does not hold all of "read:appointments write:appointments"
      And Planner holds no scope that Ada was not shown

      Examples: in either order
        | first              | second             |
        | read:appointments  | write:appointments |
        | write:appointments | read:appointments  |

    @needs:as.code @needs:as.post
    Scenario: Planner posts one, and has the other in the address
      When Planner asks Ada for "read:appointments" by post, with "read:appointments write:appointments" beside it
      Then Planner holds no scope that Ada was not shown

    @needs:as.cc
    Scenario: Worker does the same
      When Worker asks for "read:appointments" on its own behalf, repeating the parameter with "write:appointments"
      Then Worker does not hold all of "read:appointments write:appointments"

    @needs:as.code @needs:as.refresh @needs:token.observable
    Scenario: Planner does the same at refresh
      Given Ada has granted Planner "read:appointments"
      When Planner refreshes its token asking for "read:appointments", repeating the parameter with "write:appointments"
      Then Planner holds no scope beyond "read:appointments"

    @control @needs:as.code
    Scenario: In one parameter both can be had
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @SYN-11 @MUST @rfc6749-3.3 @derived @needs:as.code|as.cc @needs:fx.scopes.exotic
  Rule: A scope with every kind of punctuation stays as it is, wherever it goes
    What is encoded here and not decoded there is another scope, or two.

    @needs:as.code
    Scenario: Planner asks for it alone
      When Planner asks Ada for the exotic scope
      Then Planner holds at least the exotic scope
      And Planner is not misled about its scope

    @needs:as.code
    Scenario: Planner asks for it beside another
      When Planner asks Ada for "read:appointments" and the exotic scope
      Then Planner holds at least "read:appointments" and the exotic scope
      And Planner is not misled about its scope

    @needs:as.cc
    Scenario: Worker asks for it on its own behalf
      When Worker asks for the exotic scope on its own behalf
      Then Worker holds at least the exotic scope

    @control @needs:as.code
    Scenario: A plain one is granted
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @SYN-12 @MUST @rfc6749-3.3 @derived @needs:as.code|as.cc
  Rule: A scope is decoded once, and its letters are not exchanged for others
    What is decoded twice becomes two scopes; what looks alike becomes the real one.

    @needs:as.code
    Scenario Outline: Planner asks for <what>
      When Planner asks Ada for "read:appointments <asked>"
      Then Planner holds no known scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

      Examples: what a second decoding, or a kind reader, would mend
        | what                            | asked                                  |
        | two scopes and a written space  | read:appointments%20write:appointments |
        | two scopes and a written plus   | read:appointments%2Bwrite:appointments |
        | a scope in full-width letters   | ｗrite:appointments                    |
        | a scope with a Cyrillic letter  | writе:appointments                     |
        | a scope with a reference in it  | write&#58;appointments                 |
        | a scope in a list               | ['write:appointments']                 |
        | a scope in apostrophes          | 'write:appointments'                   |
        | a scope with a full stop        | write:appointments.                    |
        | a scope with a slash            | write:appointments/                    |
        | a scope at the end of an address | https://api.example/write:appointments |
        | a scope with a query            | write:appointments?x=y                 |
        | a scope with a fragment         | write:appointments#x                   |
        | a scope with a parameter        | write:appointments:7                   |
        | another joint in a scope        | write.appointments                     |
        | another joint of a scope        | write-appointments                     |
        | one more joint of a scope       | write_appointments                     |
        | a scope with a sign in front    | +write:appointments                    |

    @needs:as.cc
    Scenario: Worker asks for two scopes and a written space
      When Worker asks for "read:appointments%20write:appointments" on its own behalf
      Then Worker holds no known scope beyond the default scope

    @control @needs:as.code
    Scenario: Written as it should be, it is granted
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @SYN-13 @GUIDANCE @okta-oidc-reference @rfc6749-3.3 @derived @needs:as.code|as.cc @needs:fx.scopes.decoys
  Rule: A long scope is taken whole or refused, and never cut off
    A scope that is cut off is another scope, and often a larger one. In front of the
    last one stand words that nobody knows, as many as fill a column up to there.

    @needs:as.code
    Scenario Outline: <bytes> bytes end within the last scope
      When Planner asks Ada for "read:appointments:own" so that <bytes> bytes end after "read:appointments"
      Then Planner holds none of "read:appointments"

      Examples: widths of a column
        | bytes |
        | 255   |
        | 1024  |
        | 4096  |

    @needs:as.cc
    Scenario Outline: <bytes> bytes of a machine's request end within the last scope
      When Worker asks for "read:appointments:own" on its own behalf, so that <bytes> bytes end after "read:appointments"
      Then Worker holds none of "read:appointments"

      Examples: widths of a column
        | bytes |
        | 255   |
        | 1024  |
        | 4096  |

    @control @needs:as.code
    Scenario: A short one is granted
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"
