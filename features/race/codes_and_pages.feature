Feature: Codes and pages that are used at once
  What may happen once must not happen twice because two asked in the same
  instant. Each scenario is played in as many rounds as its tag says, every round
  with people and clients of its own; a race that was not seen is not excluded,
  and the report says how often it was tried.

  @CONC-01 @MUST @rfc6749-4.1.2 @rfc6749-10.5 @needs:as.code
  Rule: A code that is redeemed many times at once is good once
    Whoever has seen a code in a log or a referrer races its client, and both win.

    @rounds:30
    Scenario: Planner redeems its code from many places
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code 20 times at once
      Then at most one of them is issued a token

    @control
    Scenario: Planner redeems its code
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"

  @CONC-02 @MUST @rfc6749-4.1.2 @rfc6749-5.1 @derived @needs:as.code @needs:token.observable
  Rule: Whoever wins the race for a code gets what the code stands for
    A server that keeps what the loser sent with what the winner gets hands out a
    scope that nobody agreed to.

    @rounds:15
    Scenario: Every other request for the token asks for more
      Given Planner has a code from Ada for "read:appointments"
      When Planner redeems its code 20 times at once, asking by turns for "read:appointments write:appointments", or for nothing
      Then each of them holds no scope beyond "read:appointments"

    @control
    Scenario: A code to write is good for writing
      Given Planner has a code from Ada for "read:appointments write:appointments"
      When Planner redeems its code
      Then Planner can create an appointment for Ada

  @CONC-07 @MUST @rfc6749-4.1.2 @derived @needs:as.code @needs:as.tabs @needs:consent.driver=form|consent.driver=api @needs:consent.ui!=none @needs:fx.clients.fresh
  Rule: Requests in several tabs at once stay apart
    A server that keeps the pending request in one place grants in one tab what was
    asked in another.

    @rounds:8
    Scenario: Planner asks in eight tabs of a browser in which Ada is signed in
      Given Ada is shown what Planner asks: "read:appointments"
      When Planner asks Ada for these at once:
        | scope                                | answer |
        | read:appointments                    | yes    |
        | write:appointments                   | yes    |
        | read:appointments write:appointments | yes    |
        | read:appointments                    | yes    |
        | write:appointments                   | yes    |
        | read:appointments write:appointments | yes    |
        | read:appointments                    | yes    |
        | write:appointments                   | yes    |
      Then each of them holds exactly what it asked for, or is refused

    @control
    Scenario: One tab works
      When Planner asks Ada for "write:appointments"
      Then Planner holds exactly "write:appointments"

  @CONC-08 @MUST @rfc6749-4.1.2.1 @rfc6749-10.12 @derived @needs:as.code @needs:consent.driver=form @needs:consent.final @needs:consent.signed_in @needs:consent.ui=granular @needs:fx.clients.fresh
  Rule: A page that is answered in several ways at once has one answer
    Otherwise a yes that was sent with a no is worth a code.

    @rounds:20 @needs:consent.deny
    Scenario: Ada says yes, a part of it, and no
      Given Ada is shown what Planner asks: "read:appointments write:appointments"
      When Ada answers the page in these ways at once:
        | answer                 |
        | yes                    |
        | only read:appointments |
        | no                     |
      Then at most one of them leads to a code
      And each of them holds exactly what one of the answers granted

    @control
    Scenario: Ada says yes
      Given Ada is shown what Planner asks: "read:appointments write:appointments"
      When Ada sends the form that Ada was shown
      Then Planner receives a code

  @CONC-09 @GUIDANCE @rfc8628-3.5 @rfc6749-5.2 @derived @needs:as.device
  Rule: The code of a device that is polled with many times at once is worth one token
    No text says in so many words that it is good once, as one says of other codes.
    Still each poll is answered for one approval: whoever polls beside the device
    would have a token that its owner never hears of.

    @rounds:20
    Scenario: Ada has agreed, and Planner polls from many places
      Given Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Planner redeems its code 10 times at once
      Then at most one of them is issued a token

    @rounds:5 @needs:consent.ui.device=granular
    Scenario: Ada has agreed to a part
      Given Ada will grant only "read:appointments"
      And Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Planner redeems its code 10 times at once
      Then each of them holds no scope beyond "read:appointments"

    @control
    Scenario: Planner polls from one place
      Given Planner has a code from Ada for "read:appointments write:appointments" on a device
      When Planner redeems its code
      Then Planner holds at least "read:appointments write:appointments"

  @CONC-13 @SHOULD @rfc9126-4 @rfc9126-7.3 @derived @needs:as.code @needs:as.tabs @needs:as.par @needs:consent.remembered
  Rule: A pushed request that is brought many times at once is good once, and for what was pushed
    Where consent is remembered nobody is asked: whoever has found the reference in
    a history races the client for a code.

    @rounds:15
    Scenario: Planner brings in eight tabs what Ada has granted before
      Given Ada has granted Planner "read:appointments"
      And Planner has pushed a request for "read:appointments"
      When Planner brings its pushed request to Ada, 8 times at once
      Then at most one of them leads to a code for what was pushed
      And each of them holds no scope beyond "read:appointments"

    @control
    Scenario: Planner brings it once
      Given Ada has granted Planner "read:appointments"
      And Planner has pushed a request for "read:appointments"
      When Planner brings its pushed request to Ada
      Then Planner holds at least "read:appointments"

  @CONC-12 @GUIDANCE @google-incremental @derived @needs:as.code @needs:policy.incremental=union @needs:consent.ui!=none @needs:consent.driver=form|consent.driver=api
  Rule: A grant that is added to in several tabs at once holds what was agreed to, all of it and nothing else
    Otherwise a yes is lost, or a no is overwritten by what somebody else wrote.

    @rounds:10 @needs:as.oidc @needs:consent.deny
    Scenario: Ada says yes to two requests and no to a third
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for these at once, on top of what it has:
        | scope              | answer |
        | write:appointments | yes    |
        | profile            | no     |
        | email              | yes    |
      Then Planner's grant from Ada comes to "openid read:appointments" and what was said yes to, and no more
