Feature: Every method and every spelling of a route
  A scope guards an operation, whichever way the request for it is written.
  These rules are about the wire, so they speak its language.

  @RSV-01 @MUST @rfc9700-2.3 @rfc6819-3.1.1 @needs:rs.api @needs:as.code
  Rule: Each method of each route asks for its own scope
    A guard on one method leaves the others open.

    Scenario Outline: A token for "<scope>"
      When Planner asks Ada for "<scope>"
      Then Planner's token opens exactly what "<scope>" should
      And Ada's calendar is unchanged

      Examples: each scope, and both
        | scope                                |
        | read:appointments                    |
        | write:appointments                   |
        | read:appointments write:appointments |

    Scenario: No token
      Then a request without a token opens nothing of Ada's
      And Ada's calendar is unchanged

  @RSV-02 @MUST @rfc9110-9.3.2 @rfc6749-7 @needs:rs.api @needs:as.code
  Rule: HEAD asks for what GET asks for
    Headers tell that something is there, how long it is, and when it changed.

    @needs:rs.write_only
    Scenario: A token that may not read
      When Planner asks Ada for "write:appointments"
      Then HEAD is refused to Planner and tells nothing

    @needs:as.oidc
    Scenario: A token for signing in
      When Planner asks Ada for "openid"
      Then HEAD is refused to Planner and tells nothing

    Scenario: A token that may read
      When Planner asks Ada for "read:appointments"
      Then HEAD is served to Planner without a body

  @RSV-03 @GUIDANCE @rfc9110-9.3.7 @needs:rs.api @needs:as.code
  Rule: OPTIONS gives away nothing and does nothing
    A preflight request carries no token.

    Scenario: OPTIONS without a token
      When Stranger reads an appointment of Ada by "OPTIONS"
      Then the answer shows nothing of Ada's
      And Ada's calendar is unchanged

    @control
    Scenario: The appointment is there
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada

  @RSV-04 @MUST @rfc9700-2.3 @rfc6749-7 @derived @needs:rs.api @needs:as.code
  Rule: A method named elsewhere than in the request line does not get around the scope
    Otherwise a POST that says DELETE is checked as the one and done as the other.

    Scenario Outline: A token to read sends <method> with <where> set to DELETE
      Given Ada has granted Planner "read:appointments"
      When Planner reads an appointment of Ada by "<method>", naming "DELETE" in "<where>"
      Then Ada's calendar is unchanged

      Examples: the places where frameworks look
        | method | where                  |
        | GET    | X-HTTP-Method-Override |
        | POST   | X-HTTP-Method-Override |
        | POST   | X-Method-Override      |
        | POST   | X-HTTP-Method          |
        | POST   | ?_method               |
        | GET    | ?_method               |
        | POST   | form _method           |

    Scenario Outline: A token to read sends DELETE with <where> set to GET
      Given Ada has granted Planner "read:appointments"
      When Planner reads an appointment of Ada by "DELETE", naming "GET" in "<where>"
      Then Ada's calendar is unchanged

      Examples: the places where a guard in front of the API is told the method
        | where                  |
        | X-HTTP-Method-Override |
        | X-Forwarded-Method     |
        | X-Original-Method      |
        | ?_method               |

    @needs:rs.write_only
    Scenario: A token to write sends a request that names GET
      Given Ada has granted Planner "write:appointments"
      When Planner reads an appointment of Ada by "POST", naming "GET" in "X-HTTP-Method-Override"
      Then the answer shows nothing of Ada's

    @control
    Scenario: A token for both can delete
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can delete an appointment of Ada

  @RSV-05 @MUST @rfc9110-9.1 @rfc9110-15.5.6 @derived @needs:rs.api @needs:as.code
  Rule: A method that nobody knows reaches nothing
    Otherwise the default branch is the open one.

    @needs:rs.write_only
    Scenario Outline: <method> with a token that may not read
      Given Ada has granted Planner "write:appointments"
      When Planner reads an appointment of Ada by "<method>"
      Then the answer shows nothing of Ada's
      And Ada's calendar is unchanged

      Examples: unknown, lower-case and unusual methods
        | method   |
        | FOO      |
        | get      |
        | PROPFIND |
        | TRACE    |

    Scenario Outline: <method> with a token that may only read
      Given Ada has granted Planner "read:appointments"
      When Planner reads an appointment of Ada by "<method>"
      Then Ada's calendar is unchanged

      Examples: what the guard may not know for DELETE, and the handler may
        | method |
        | delete |
        | Delete |
        | PURGE  |

    @control
    Scenario: GET with a token that may read
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada

  @RSV-06 @MUST @rfc6749-7 @derived @needs:rs.api @needs:as.code
  Rule: Another spelling of a route is guarded like the route
    What the guard does not recognise, the router may.

    @needs:rs.write_only
    Scenario Outline: The list is asked for as <spelling>
      Given Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada as "<spelling>"
      Then the answer shows nothing of Ada's

      Examples: what routers make equal
        | spelling             |
        | {path}/              |
        | /{path}              |
        | /.{path}             |
        | /x/..{path}          |
        | {path}%2f            |
        | {path};x=1           |
        | {path}.json          |
        | {path}?x=/public     |
        | {path}?format=json   |
        | {PATH}               |
        | {p%61th}             |
        | /x/..;{path}         |

    Scenario Outline: An appointment is deleted as <spelling>
      Given Ada has granted Planner "read:appointments"
      When Planner deletes an appointment of Ada as "<spelling>"
      Then Planner's request is refused
      And Ada's calendar is unchanged

      Examples: the same, of a route that ends in an id
        | spelling           |
        | {path}/            |
        | /{path}            |
        | /.{path}           |
        | /x/..{path}        |
        | {path}%2f          |
        | {path};x=1         |
        | {path}.json        |
        | {path}?format=json |
        | {p%61th}           |
        | /x/..;{path}       |

    @needs:rs.write_only
    Scenario Outline: The list is asked for in <header>, and nothing in the request line
      Given Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada as "/", with "<header>" set to "{path}"
      Then the answer shows nothing of Ada's

      Examples: what rewriting proxies tell the servers behind them
        | header           |
        | X-Original-URL   |
        | X-Rewrite-URL    |
        | X-Forwarded-Uri  |

    @control
    Scenario: As it should be, with a token that may read
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada

  @RSV-07 @MUST @rfc6749-7 @rfc9700-2.3 @derived @needs:rs.api @needs:as.code
  Rule: A refused write changes nothing, and a refused read shows nothing
    A status code is no protection for what has already happened.

    Scenario: A token to read tries to write
      Given Ada has granted Planner "read:appointments"
      When Planner tries every way to write in Ada's calendar
      Then Ada's calendar is unchanged
      And every answer was a refusal that shows nothing of Ada's

    @needs:rs.write_only
    Scenario: A token to write tries to read
      Given Ada has granted Planner "write:appointments"
      When Planner tries every way to read Ada's calendar
      Then every answer was a refusal that shows nothing of Ada's

    @needs:as.oidc
    Scenario: A token for signing in tries to read
      Given Ada has granted Planner "openid"
      When Planner tries every way to read Ada's calendar
      Then every answer was a refusal that shows nothing of Ada's

    @control
    Scenario: With both, both work
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada
      And Planner can read an appointment of Ada

  @RSV-08 @MUST @rfc6749-7 @rfc9700-2.3 @derived @needs:rs.api @needs:as.code @needs:rs.batch|rs.nested
  Rule: An operation asks for its scope also within another one
    A batch is as many operations as it holds, and what hangs below an appointment
    is not free because the appointment may be seen.

    @needs:rs.batch
    Scenario: A token to read sends a batch that deletes as well
      Given Ada has granted Planner "read:appointments"
      When Planner reads an appointment of Ada in one batch with its deletion
      Then Ada's calendar is unchanged

    @needs:rs.batch @needs:rs.write_only
    Scenario: A token to write sends a batch that reads as well
      Given Ada has granted Planner "write:appointments"
      When Planner reads an appointment of Ada in one batch with its deletion
      Then the answer shows nothing of Ada's

    @needs:rs.nested
    Scenario: A token to read writes below an appointment
      When Planner asks Ada for "read:appointments"
      Then Planner cannot annotate an appointment of Ada

    @needs:rs.nested @needs:rs.write_only
    Scenario: A token to write reads below an appointment
      When Planner asks Ada for "write:appointments"
      Then Planner cannot read the notes of Ada

    @control @needs:rs.batch
    Scenario: With both scopes the batch is done
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner reads an appointment of Ada in one batch with its deletion
      Then Ada's calendar is changed

    @control @needs:rs.nested
    Scenario: With both scopes what is below an appointment is read and written
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can annotate an appointment of Ada
      And Planner can read the notes of Ada

  @RSV-09 @GUIDANCE @rfc9110-12 @derived @needs:rs.api @needs:as.code @needs:rs.write_only
  Rule: Headers about the form of an answer do not change who gets it
    A cache that answers "not modified" says that nothing was modified.

    Scenario Outline: The list is asked for with <header>: <value>
      Given Ada has granted Planner "write:appointments"
      When Planner lists the appointments of Ada with "<header>" set to "<value>"
      Then Planner's request is refused
      And the answer shows nothing of Ada's

      Examples: form, part and condition, and the claim to be a script
        | header           | value          |
        | Accept           | text/csv       |
        | Range            | bytes=0-10     |
        | If-None-Match    | *              |
        | X-Requested-With | XMLHttpRequest |

    @control
    Scenario: With the scope the list is served
      When Planner asks Ada for "read:appointments"
      Then Planner can read an appointment of Ada
