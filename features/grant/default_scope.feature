Feature: A request without a scope
  A client need not say what it wants. Then the server takes the scope that it
  has for such requests, or refuses. It does not take everything.

  @DEF-01 @MUST @rfc6749-3.3 @needs:as.code
  Rule: A request without scope is given the default, or is refused with invalid_scope
    Otherwise saying nothing is the way to be given everything.

    Scenario: Planner asks for nothing in particular
      When Planner asks Ada for no scope 5 times
      Then the choice of "omitted_scope" is the same each time
      And each of them is refused, typically with "invalid_scope", or told the default scope
      And each of them holds no scope beyond the default scope

    @control
    Scenario: Planner may ask for something
      When Planner asks Ada for "read:appointments"
      Then Planner holds at least "read:appointments"

  @DEF-02 @MUST @rfc6749-3.3 @rfc6749-5.1 @derived @needs:as.code @needs:policy.omitted_scope=default
  Rule: A default that is granted is named in the response
    The client asked for nothing, so it cannot know what it has.

    Scenario: Planner asks for nothing in particular
      When Planner asks Ada for no scope
      Then Planner is told the default scope
      And Planner is not misled about its scope

  @DEF-03 @MUST @rfc6749-3.3 @rfc6749-4.4.2 @needs:as.cc
  Rule: A machine that names no scope is given a default, or is refused with invalid_scope
    Otherwise it holds every scope there is, without a person to notice.

    Scenario: Worker asks for nothing in particular
      When Worker asks for no scope on its own behalf, 5 times
      Then each of them is refused, typically with "invalid_scope", or told what it holds
      And they all end alike

    @SHOULD @needs:policy.omitted_scope=default
    Scenario: The default is the one that is documented, and not everything that Worker may have
      When Worker asks for no scope on its own behalf
      Then Worker is refused, or told the default scope

    @control
    Scenario: Worker may ask for something
      When Worker asks for "read:appointments" on its own behalf
      Then Worker holds at least "read:appointments"

  @DEF-05 @SHOULD @rfc6749-3.3 @derived @needs:as.code
  Rule: The default is the same, however and however often a resource owner is asked
    A default that changes cannot be documented.

    Scenario: Planner asks for nothing in particular, over and over
      When Planner asks Ada for no scope 5 times
      Then they all end alike

    @needs:fx.request_kinds>=2|as.device
    Scenario: Planner asks for nothing in particular, by every kind of request
      When Planner asks Ada for no scope by every kind of authorization request
      Then every way ends alike

    Scenario: Planner asks for nothing in particular after it asked for something
      Given Ada has granted Planner "write:appointments"
      When Planner asks Ada for no scope
      Then Planner holds no scope beyond the default scope

  @DEF-06 @MUST @rfc6749-3.3 @oidc-3.1.2.4 @derived @needs:as.code @needs:policy.omitted_scope=default @needs:consent.ui!=none|policy.user_limits
  Rule: A default is asked about and limited like any other scope
    Otherwise what nobody named is what nobody checks.

    @needs:policy.user_limits
    Scenario: Cy may grant nothing
      When Planner asks Cy for no scope
      Then Planner is refused, or told that it holds nothing
      And Planner cannot read an appointment of Cy

    @needs:as.dcr.scope
    Scenario: Newcomer is registered for something else
      Given Newcomer has registered for "write:appointments"
      When Newcomer asks Ada for no scope
      Then Newcomer obtains exactly what it asked for and is registered for

    @needs:consent.ui!=none @needs:fx.clients.fresh
    Scenario: Ada has never heard of Planner
      When Planner asks Ada for no scope
      Then Ada was asked, or Planner is refused

    @needs:consent.ui!=none @needs:consent.deny @needs:fx.clients.fresh
    Scenario: Ada says no
      Given Ada will deny
      When Planner asks Ada for no scope
      Then Planner is refused
      And Planner receives no token

    @control
    Scenario: Ada may grant it
      When Planner asks Ada for no scope
      Then Planner receives a token

  @DEF-07 @MUST @oidc-3.1.2.4 @derived @needs:as.code @needs:policy.omitted_scope=default @needs:consent.remembered @needs:consent.ui!=none @needs:fx.clients.fresh
  Rule: To have agreed to a request without scope is not to have agreed to everything
    Otherwise the most harmless request is the key to all others.

    @needs:as.oidc.prompt
    Scenario: Planner then asks silently for everything
      Given Ada has granted Planner no scope
      When Planner asks Ada for "openid email read:appointments write:appointments" silently
      Then Planner holds no scope beyond the default scope

    @needs:as.oidc @needs:consent.deny
    Scenario: Planner then asks for everything, and Ada says no if she is asked
      Given Ada has granted Planner no scope
      And Ada will deny
      When Planner asks Ada for "email read:appointments write:appointments"
      Then Planner holds no scope beyond the default scope
