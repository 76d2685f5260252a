Feature: A client on its own behalf
  With client credentials nobody consents, so the client's own registration is
  all that limits what it gets.

  @CC-01 @SHOULD @rfc6749-4.4.2 @rfc6749-10.3 @rfc7591-2 @needs:as.cc @needs:fx.clients.scope_limits
  Rule: A client obtains only the scopes that it is allowed
    Otherwise the check that sits in the consent step protects nothing here.

    Scenario: Robot asks for more than it may have
      When Robot asks for "read:appointments write:appointments" on its own behalf
      Then Robot holds no scope beyond "read:appointments"
      And Robot cannot create an appointment

    Scenario: Robot asks for nothing in particular
      When Robot asks for no scope on its own behalf
      Then Robot holds none of "write:appointments"
      And Robot cannot create an appointment

    @needs:rs.dpop
    Scenario: Robot has a key that its tokens are bound to
      Given Robot has a key that its tokens are bound to
      When Robot asks for "read:appointments write:appointments" on its own behalf
      Then Robot holds no scope beyond "read:appointments"

    @control
    Scenario: Robot asks for what it may have
      When Robot asks for "read:appointments" on its own behalf
      Then Robot holds at least "read:appointments"

  @CC-02 @SHOULD @rfc6749-4.4.3 @oidc-3.1.2 @oidc-11 @derived @needs:as.cc @needs:as.oidc
  Rule: OpenID scopes mean nothing without a resource owner
    Otherwise a service learns, or becomes, somebody.

    Scenario: Worker asks for what only a person can give
      When Worker asks for "openid profile email offline_access read:appointments" on its own behalf
      Then Worker receives no ID token
      And Worker receives no refresh token
      And UserInfo refuses Worker

    @control
    Scenario: Worker asks for what a machine may have
      When Worker asks for "read:appointments" on its own behalf
      Then Worker holds at least "read:appointments"

  @CC-03 @GUIDANCE @okta-api-scopes @needs:as.cc @needs:fx.scopes.user_only
  Rule: A scope that needs a resource owner's consent is not to be had without one
    Otherwise the strictest scopes are the easiest for a machine.

    Scenario: Worker asks for a scope that only a person can give
      When Worker asks for "read:appointments" and the scopes for people only on its own behalf
      Then Worker holds no scope beyond "read:appointments"

    @needs:as.code @control
    Scenario: A person can give it
      When Planner asks Ada for the scopes for people only
      Then Planner holds at least the scopes for people only

  @CC-04 @MUST @rfc6749-4.4 @needs:as.cc @needs:fx.clients.public
  Rule: A public client obtains nothing with client credentials
    It has none: anybody can send its identifier.

    Scenario: Pocket asks on its own behalf
      When Pocket asks for "read:appointments" on its own behalf
      Then Pocket is refused
      And Pocket receives no token

    @control
    Scenario: Robot, which has credentials, obtains a token
      When Robot asks for "read:appointments" on its own behalf
      Then Robot holds at least "read:appointments"

  @CC-05 @SHOULD @rfc9700-4.15 @rfc9068-5 @needs:as.cc @needs:as.code @needs:rs.user_bound @needs:rs.me
  Rule: The same scope without a resource owner does not open a resource owner's things
    Otherwise a client that is named like a person is that person.

    Scenario: Robot wants to see somebody's own page
      When Robot asks for "read:appointments" on its own behalf
      Then Robot cannot see its own page

    @control
    Scenario: Planner sees Ada's
      When Planner asks Ada for "read:appointments"
      Then Planner can see the page of Ada
