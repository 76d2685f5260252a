Feature: Requests that are pushed first
  A client may hand its authorization request to the server before it sends the
  resource owner there with nothing but a reference. What is behind the reference
  is the request. It is looked at as closely as any other.

  @PAR-01 @MUST @rfc9126-2.1 @rfc9126-4 @needs:as.par
  Rule: The scope of a pushed request is validated, when it is pushed or when it is brought
    Otherwise each of the two endpoints relies on the other, and a client pushes
    what it may not have.

    @needs:fx.clients.scope_limits
    Scenario: Viewer pushes a request for more than it may have
      When Viewer asks Ada for "read:appointments write:appointments" by a pushed request
      Then Viewer holds no scope beyond "read:appointments"
      And Viewer cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @needs:policy.user_limits
    Scenario: Bo is asked for more than Bo may grant
      When Planner asks Bo for "read:appointments write:appointments" by a pushed request
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Bo

    Scenario: Nobody knows one of the scopes
      When Planner asks Ada for "read:appointments x-unknown:scope" by a pushed request
      Then Planner holds no scope beyond "read:appointments"

    @control
    Scenario: Planner pushes a request for what it may have
      When Planner asks Ada for "read:appointments write:appointments" by a pushed request
      Then Planner can create an appointment for Ada

  @PAR-02 @MUST @rfc9101-6.3 @rfc9126-4 @derived @needs:as.par
  Rule: A scope beside the reference does not change what was pushed
    The address passes through the browser, where anybody may write to it. That is
    what pushing was to end.

    Scenario Outline: Planner pushes a request to read, and the address says "<beside>"
      When Planner asks Ada for "read:appointments" by a pushed request, with "<beside>" beside it
      Then Planner holds exactly "read:appointments", or is refused
      And Planner cannot create an appointment for Ada

      Examples: more, and something else
        | beside                               |
        | read:appointments write:appointments |
        | write:appointments                   |

    @control
    Scenario: With nothing beside it, it is what was pushed
      When Planner asks Ada for "read:appointments" by a pushed request
      Then Planner can read an appointment of Ada

  @PAR-03 @SHOULD @rfc9126-4 @rfc6749-10.2 @derived @needs:as.par @needs:consent.driver.lists @needs:fx.clients.fresh
  Rule: The resource owner is asked about what was pushed, all of it and nothing else
    The address has no scope to show. A page that takes it from there asks about
    nothing.

    Scenario: Planner pushes a request for two scopes
      When Planner asks Ada for "read:appointments write:appointments" by a pushed request
      Then Ada was asked about exactly "read:appointments write:appointments"
      And Planner holds no scope that Ada was not shown

    Scenario: Ada takes one of them out
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments" by a pushed request
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada

  @PAR-04 @MUST @rfc9126-2.2 @needs:as.par @needs:fx.clients>=2
  Rule: A pushed request is good only for the client that pushed it
    Otherwise a client is granted what another one was allowed to ask for.

    Scenario: Rival brings what Planner pushed
      Given Planner has pushed a request for "read:appointments write:appointments"
      When Rival brings Planner's pushed request to Ada
      Then Rival is refused
      And Rival receives no token

    @needs:fx.clients.public
    Scenario: Pocket, of which anybody knows the identifier, brings what Planner pushed
      Given Planner has pushed a request for "read:appointments write:appointments"
      When Pocket brings Planner's pushed request to Ada
      Then Pocket is refused
      And Pocket receives no token

    @control
    Scenario: Planner brings it itself
      Given Planner has pushed a request for "read:appointments write:appointments"
      When Planner brings its pushed request to Ada
      Then Planner holds at least "read:appointments write:appointments"

  @PAR-05 @MUST @rfc9126-4 @rfc9126-7.3 @needs:as.par
  Rule: A pushed request is good for as long as was said, and for one answer
    A reference stands in histories and logs. Whoever finds it there may use it
    for the same scopes, without anybody being asked.

    @needs:ctl.clock
    Scenario: Planner brings it too late
      Given Planner has pushed a request for "read:appointments"
      When Planner brings its pushed request to Ada after it has expired
      Then Planner is refused
      And Planner receives no token

    @SHOULD @needs:as.oidc.prompt @needs:consent.ui!=none
    Scenario: Planner brings one that insists on consent a second time
      Given Planner has pushed a request for "openid read:appointments", insisting on consent
      And Planner has brought its pushed request to Ada
      When Planner brings its pushed request to Ada
      Then Ada was asked, or Planner is refused

    @control
    Scenario: Planner brings it at once
      Given Planner has pushed a request for "read:appointments"
      When Planner brings its pushed request to Ada
      Then Planner holds at least "read:appointments"

  @PAR-06 @MUST @rfc9126-4 @rfc9126-5 @fapi2-5.3.2.2 @needs:as.par.required
  Rule: Of a client that has to push its requests no other request is taken
    If the old way stays open, the scope can still be chosen in the address.

    Scenario: Strict asks in the address
      When Strict asks Ada for "read:appointments"
      Then Strict is refused
      And Strict receives no token

    @needs:as.post @needs:as.oidc
    Scenario: Strict asks in a form
      When Strict asks Ada for "openid read:appointments" by post
      Then Strict is refused
      And Strict receives no token

    @needs:as.jar @needs:as.oidc
    Scenario: Strict asks in a request object
      When Strict asks Ada for "openid read:appointments" in a request object, with "openid" beside it
      Then Strict is refused
      And Strict receives no token

    @control
    Scenario: Strict pushes its request
      When Strict asks Ada for "read:appointments" by a pushed request
      Then Strict holds at least "read:appointments"
