Feature: How an API refuses
  A refusal tells the client what to do next: come with a token, get a new one,
  or ask for another scope. A client that is told the wrong thing asks for ever,
  or asks for too much. These rules are about the wire, so they speak its language.

  @RSC-01 @MUST @rfc6750-3 @rfc6750-3.1 @needs:rs.api @needs:as.code
  Rule: A request without a token is told how to come by one
    A client that meets a login page, or nothing, cannot know that a token would do.

    Scenario: Reading
      When Stranger lists the appointments of Ada
      Then every answer carries a Bearer challenge

    Scenario: Writing
      When Stranger creates an appointment for Ada
      Then every answer carries a Bearer challenge
      And Ada's calendar is unchanged

    @SHOULD
    Scenario: The status, and nothing about an error
      When Stranger lists the appointments of Ada
      Then every answer has the status 401
      And every challenge has no error

    @control
    Scenario: With a token the list is served
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada

  @RSC-02 @SHOULD @rfc6750-3 @rfc6750-3.1 @needs:rs.api @needs:as.code
  Rule: A good token that lacks the scope is told that it lacks scope
    A client that is told that its token is bad gets another just like it, and
    comes back.

    @MUST
    Scenario: There is a challenge
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every answer carries a Bearer challenge
      And Ada's calendar is unchanged

    Scenario: The status
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every answer has the status 403

    Scenario: The error
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every challenge has the error "insufficient_scope"

    @control
    Scenario: With the scope it is served
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

  @RSC-03 @MUST @rfc6750-3.1 @derived @needs:rs.api @needs:as.code
  Rule: No other error is given for a lack of scope
    invalid_scope is what an authorization server says of a request, and
    invalid_token makes a client refresh for ever.

    Scenario: A token to read tries to write
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every challenge has no other error than "insufficient_scope"

    @needs:rs.write_only
    Scenario: A token to write tries to read
      Given Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada
      Then every challenge has no other error than "insufficient_scope"

    @control
    Scenario: With both, both work
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada
      And Planner can list the appointments of Ada

  @RSC-04 @MAY @rfc6750-3.1 @rfc6750-3 @needs:rs.api @needs:as.code
  Rule: The scope in a challenge is the scope that is needed
    Clients ask for exactly what they are told. One that is told too much asks
    for too much, and one that is told what it has asks for ever.

    Scenario: Writing, again and again
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada 5 times
      Then every challenge names the scope that is needed, if any
      And the choice of "challenge_scope" is the same each time

    @needs:rs.write_only
    Scenario: Reading
      Given Ada has granted Planner "write:appointments"
      When Planner reads an appointment of Ada
      Then every challenge names the scope that is needed, if any

    @control
    Scenario: With the scope that is needed it is served
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

  @RSC-05 @MUST @rfc6750-3 @needs:rs.api @needs:as.code
  Rule: A challenge says each thing once
    Of two scopes a client reads one, and not always the same.

    Scenario: A lack of scope
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every challenge says each thing once

    Scenario: No token
      When Stranger lists the appointments of Ada
      Then every challenge says each thing once

    Scenario: Something that is no token
      When Stranger lists the appointments of Ada with "Authorization" set to "Bearer nonsense"
      Then every challenge says each thing once

    @control
    Scenario: With the scope it is served
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

  @RSC-06 @MUST @rfc6750-3 @needs:rs.api @needs:as.code
  Rule: A challenge holds no character that may not stand there
    What a request says and the challenge repeats may end the text that it stands
    in, and begin another one.

    Scenario: A lack of scope
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every challenge keeps to the characters allowed

    Scenario Outline: A token that is <token>
      When Stranger lists the appointments of Ada with "Authorization" set to "Bearer <token>"
      Then every challenge keeps to the characters allowed

      Examples: a quote, a backslash, letters beyond ASCII
        | token                           |
        | x\u0022, scope=\u0022everything |
        | x\u005c                         |
        | \u00e9\u4e2d                    |

    @needs:rs.mint
    Scenario Outline: A token whose scope is <scope>
      Given Planner carries a token for Ada whose scope claim is <scope>
      When Planner lists the appointments of Ada
      Then every challenge keeps to the characters allowed

      Examples: the same in the scope of a good token
        | scope                          |
        | "x\\",scope=\\"everything"     |
        | "caf\\u00e9"                   |

    @control
    Scenario: With the scope it is served
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

  @RSC-07 @MUST @rfc9068-4 @rfc6750-3.1 @needs:rs.api @needs:rs.mint
  Rule: A token that is no good is called that, whatever scope it has
    To look at the scope first is to believe a token that was not checked.

    Scenario Outline: A token to read <flaw> tries to write
      Given Planner carries a token for Ada with the scope "read:appointments" <flaw>
      When Planner creates an appointment for Ada
      Then Planner's request is refused
      And every challenge has no other error than "invalid_token"
      And Ada's calendar is unchanged

      Examples: what is wrong with it
        | flaw                |
        | that has expired    |
        | for another API     |
        | of another issuer   |
        | under "unknown key" |

    Scenario: A token that has expired and has the scope
      Given Planner carries a token for Ada with the scope "read:appointments" that has expired
      When Planner lists the appointments of Ada
      Then Planner's request is refused
      And every challenge has no other error than "invalid_token"

    @SHOULD
    Scenario Outline: The status of a token <flaw>
      Given Planner carries a token for Ada with the scope "read:appointments" <flaw>
      When Planner creates an appointment for Ada
      Then every answer has the status 401

      Examples: what is wrong with it
        | flaw                |
        | that has expired    |
        | for another API     |
        | under "unknown key" |

    @SHOULD
    Scenario: The status of something that is no token
      When Stranger lists the appointments of Ada with "Authorization" set to "Bearer nonsense"
      Then every answer has the status 401

    @control
    Scenario: The same token without a flaw
      Given Planner carries a token for Ada with the scope "read:appointments"
      Then Planner can list the appointments of Ada

  @RSC-08 @SHOULD @rfc6750-2 @rfc6750-3.1 @derived @needs:rs.api @needs:as.code
  Rule: Of two tokens in one request the better one is not picked
    Otherwise a link that somebody sends adds the sender's token to a request.

    Scenario Outline: A token to read in the header, one to write in the <place>
      Given Ada has granted Planner "read:appointments"
      And Ada has granted Rival "read:appointments write:appointments"
      When Planner creates an appointment for Ada adding the token of "Rival" in the "<place>"
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: the places where a token may stand
        | place |
        | query |
        | form  |

    @control
    Scenario: The better token alone
      When Rival asks Ada for "read:appointments write:appointments"
      Then Rival can create an appointment for Ada

  @RSC-09 @MUST @rfc6750-3 @rfc9110-11.6.1 @needs:rs.api @needs:as.code
  Rule: A challenge can be read
    A client finds the scheme first, and then what belongs to it.

    Scenario: A lack of scope
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada
      Then every challenge is well formed

    Scenario: No token
      When Stranger lists the appointments of Ada
      Then every challenge is well formed

    Scenario: Something that is no token
      When Stranger lists the appointments of Ada with "Authorization" set to "Bearer nonsense"
      Then every challenge is well formed

    @control
    Scenario: With the scope it is served
      When Planner asks Ada for "write:appointments"
      Then Planner can create an appointment for Ada

  @RSC-10 @MUST @rfc9449-7.2 @rfc9449-7.1 @rfc6749-7 @needs:rs.api @needs:rs.dpop @needs:as.code
  Rule: A token that is bound to a key opens no more than its scope, and nothing without the key
    The path for bound tokens is a second door to the same room.

    Scenario: A bound token without its scope
      Given Planner has a key that its tokens are bound to
      And Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada with a proof of its key
      Then Planner's request is refused
      And Ada's calendar is unchanged

    Scenario: A bound token as if it were an ordinary one
      Given Planner has a key that its tokens are bound to
      And Ada has granted Planner "read:appointments"
      When Planner lists the appointments of Ada
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    @SHOULD
    Scenario: The challenge is one for bound tokens
      Given Planner has a key that its tokens are bound to
      And Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada with a proof of its key
      Then every answer carries a DPoP challenge
      And every challenge has the error "insufficient_scope"

    @control
    Scenario: With its key and its scope it is served
      Given Planner has a key that its tokens are bound to
      And Ada has granted Planner "read:appointments write:appointments"
      When Planner deletes an appointment of Ada with a proof of its key
      Then Ada's calendar is changed

  @RSC-11 @GUIDANCE @rfc6750-3.1 @rfc6749-7 @derived @needs:rs.api @needs:as.code @needs:rs.write_only
  Rule: A token that may not read learns nothing of what is there
    Whoever can tell 403 from 404 can count what it may not see.

    Scenario: One appointment that is there, and one that is not
      Given Ada has granted Planner "write:appointments"
      When Planner reads an appointment of Ada and one that is not there
      Then both answers are alike

    @control
    Scenario: With the scope it is served
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada

  @RSC-12 @MAY @rfc6750-2.2 @rfc6750-2.3 @derived @needs:rs.api @needs:as.code
  Rule: A token in another place than the header opens no more there
    An API need not look there. If it does, the token means what it always means.

    @needs:rs.write_only
    Scenario: A token to write tries to read, from the query
      Given Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada with its token in the "query"
      Then Planner's request is refused
      And the answer shows nothing of Ada's

    Scenario Outline: A token to read tries to write, from the <place>
      Given Ada has granted Planner "read:appointments"
      When Planner creates an appointment for Ada with its token in the "<place>"
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: where the standard has a token, and where practice has it
        | place               |
        | query               |
        | form                |
        | cookies             |
        | headers of gateways |
        | scheme bearer       |
        | scheme OAuth        |
        | scheme Token        |
        | password            |
        | user name           |

    Scenario: A token to read, from the query, again and again
      Given Ada has granted Planner "read:appointments"
      When Planner lists the appointments of Ada 5 times with its token in the "query"
      Then the choice of "token_in_query" is the same each time

    @control
    Scenario: From the header
      When Planner asks Ada for "read:appointments"
      Then Planner can list the appointments of Ada
