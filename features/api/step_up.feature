Feature: Operations that need a user to sign in anew
  Some operations ask for more than scope: that the user was authenticated well,
  and just now. That is asked besides, and not instead.

  @STEP-01 @MAY @rfc9470-3 @rfc6749-7 @rfc6750-3.1 @needs:rs.api @needs:rs.stepup @needs:rs.mint
  Rule: An operation that needs a high level of authentication needs its scope as well
    An API that looks at the one and forgets the other lets a reader delete.

    Scenario: The scope is missing
      Given Planner carries a token for Ada with the scope "read:appointments" of a user at a high level
      When Planner deletes an appointment of Ada where a high level is needed
      Then Planner's request is refused
      And Ada's calendar is unchanged

    Scenario: The level is missing
      Given Planner carries a token for Ada with the scope "write:appointments"
      When Planner deletes an appointment of Ada where a high level is needed
      Then Planner's request is refused
      And Ada's calendar is unchanged

    Scenario: Both are missing
      Given Planner carries a token for Ada with the scope "read:appointments"
      When Planner deletes an appointment of Ada where a high level is needed
      Then Planner's request is refused
      And every challenge names the scope that is needed, if any
      And Ada's calendar is unchanged

    @SHOULD
    Scenario: What is missing is named: the scope
      Given Planner carries a token for Ada with the scope "read:appointments" of a user at a high level
      When Planner deletes an appointment of Ada where a high level is needed
      Then every challenge has the error "insufficient_scope"

    @SHOULD
    Scenario: What is missing is named: the level
      Given Planner carries a token for Ada with the scope "write:appointments"
      When Planner deletes an appointment of Ada where a high level is needed
      Then every challenge has the error "insufficient_user_authentication"

    @control
    Scenario: Neither is missing
      Given Planner carries a token for Ada with the scope "write:appointments" of a user at a high level
      When Planner deletes an appointment of Ada where a high level is needed
      Then Ada's calendar is changed

  @STEP-02 @MUST @rfc6749-3.3 @rfc9470-4 @derived @needs:as.code @needs:rs.api @needs:rs.stepup @needs:as.oidc
  Rule: To sign in anew does not widen a scope
    Who somebody is, and how sure one is of that, says nothing of what a client may do.

    Scenario: Planner asks for the same at a high level
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "read:appointments" signing in for a high level
      Then Planner holds exactly "read:appointments"

    Scenario: What Planner had before stays what it was
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments" signing in for a high level
      Then Planner's first token holds no scope beyond "read:appointments"

    @control
    Scenario: At a high level Planner can have both
      When Planner asks Ada for "read:appointments write:appointments" signing in for a high level
      Then Planner holds at least "read:appointments write:appointments"
