Feature: A client that signs for its resource owner
  With an assertion nobody is asked: the client says for whom it acts, and signs
  that itself. What it may have was agreed to before, or not at all.

  @ASRT-01 @MUST @rfc7521-4.1 @needs:as.assertion @needs:as.code @needs:fx.clients.fresh @needs:consent.ui!=none
  Rule: An assertion yields no more than its client was granted before
    Otherwise a client that can sign can have whatever it names.

    Scenario Outline: Ada lets Planner read, and Planner asks for "<asked>"
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "<asked>" by an assertion
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: more than was granted, and something else
        | asked                                |
        | read:appointments write:appointments |
        | write:appointments                   |

    @needs:consent.edit=edit_scopes
    Scenario: Ada has taken writing back
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has removed "write:appointments" from Planner's grant
      When Planner asks Ada for "read:appointments write:appointments" by an assertion
      Then Planner holds no scope beyond "read:appointments"

    @GUIDANCE @needs:ctl.client_admin
    Scenario: Planner may no longer write
      Given Ada has granted Planner "read:appointments write:appointments"
      And Planner has been limited to "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments" by an assertion
      Then Planner holds no scope beyond "read:appointments"

    @GUIDANCE @needs:ctl.role_admin
    Scenario: Ada may no longer write
      Given Ada has granted Planner "read:appointments write:appointments"
      And Ada has been permitted "read:appointments"
      When Planner asks Ada for "read:appointments write:appointments" by an assertion
      Then Planner holds no scope beyond "read:appointments"

    @control
    Scenario: Ada lets Planner write
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner asks Ada for "write:appointments" by an assertion
      Then Planner can create an appointment for Ada

  @ASRT-02 @MUST @rfc7521-4.1 @derived @needs:as.assertion @needs:as.code @needs:fx.clients.fresh @needs:consent.ui!=none
  Rule: A scope that an assertion claims gives its client nothing
    It was written by the one who wants it.

    Scenario Outline: Ada lets Planner read, and its assertion claims that it may write
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for <asked> by an assertion that claims "read:appointments write:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner is not misled about its scope
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: whether the request itself names a scope or not
        | asked               |
        | no scope            |
        | "read:appointments" |

    @control
    Scenario: The same assertion is good for what Ada granted
      Given Ada has granted Planner "read:appointments"
      When Planner asks Ada for "read:appointments" by an assertion
      Then Planner can read an appointment of Ada

  @ASRT-03 @MUST @rfc6749-3.3 @rfc6749-5.1 @rfc7521-4.1 @derived @needs:as.assertion @needs:as.code
  Rule: An assertion without a scope is given the default, or is refused with invalid_scope
    Otherwise every assertion that says too little yields too much.

    Scenario: Planner asks for nothing in particular
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner asks Ada for no scope by an assertion, 5 times
      Then each of them is refused with "invalid_scope", or told what it holds
      And they all end alike

    @needs:policy.omitted_scope=default
    Scenario: The default is not everything that Ada granted
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner asks Ada for no scope by an assertion
      Then Planner holds no scope beyond the default scope

    @control
    Scenario: Planner may ask for something
      Given Ada has granted Planner "read:appointments write:appointments"
      When Planner asks Ada for "read:appointments" by an assertion
      Then Planner holds at least "read:appointments"
