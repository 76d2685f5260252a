Feature: Requests in a signed object
  A client may sign what it asks for. What counts then is what is signed, and
  nothing that stands beside it.

  @JAR-01 @MUST @rfc9101-6.3 @oidc-6.1 @needs:as.jar
  Rule: Of a request in an object the scope in the object counts, and no other
    The object is signed and the address is not. If both count, a signed request
    is widened by whoever can write to the address.

    @needs:as.oidc
    Scenario Outline: The object says "<inside>" and the address "<beside>"
      When Planner asks Ada for "<inside>" in a request object, with "<beside>" beside it
      Then Planner holds exactly "<inside>", or is refused
      And Planner is not misled about its scope

      Examples: more beside it, less, and something else
        | inside                                      | beside                                      |
        | openid read:appointments                    | openid read:appointments write:appointments |
        | openid read:appointments write:appointments | openid                                      |
        | openid read:appointments                    | openid write:appointments                   |

    @needs:as.oidc
    Scenario: What is added to the address opens nothing
      When Planner asks Ada for "openid read:appointments" in a request object, with "openid read:appointments write:appointments" beside it
      Then Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

    @control @needs:as.oidc
    Scenario: The address says the same as the object
      When Planner asks Ada for "openid read:appointments" in a request object, with "openid read:appointments" beside it
      Then Planner can read an appointment of Ada

  @JAR-02 @MAY @rfc9101-5 @oidc-6.1 @derived @needs:as.jar.alone
  Rule: Where only the object has a scope, that scope counts or the request is refused
    Otherwise the client asks for one thing, signed, and is granted whatever the
    server has for requests that ask for nothing.

    @needs:as.oidc
    Scenario: The address has no scope
      When Planner asks Ada for "openid read:appointments write:appointments" in a request object, 5 times
      Then each of them holds exactly "openid read:appointments write:appointments", or is refused
      And they all end alike

    @control @needs:as.oidc
    Scenario: The address names openid, as OpenID Connect has it
      When Planner asks Ada for "openid read:appointments write:appointments" in a request object, with "openid" beside it
      Then Planner holds at least "read:appointments write:appointments"

  @JAR-03 @MUST @rfc9101-6.2 @rfc9101-6.1 @needs:as.jar
  Rule: An object that cannot be trusted ends the request; what stands beside it is not used in its place
    Otherwise it is enough to spoil the signature to be rid of it.

    @needs:as.oidc
    Scenario: Somebody has changed the object
      When Planner asks Ada for "openid read:appointments" in a spoilt request object, with "openid read:appointments write:appointments" beside it
      Then Planner is refused
      And Planner receives no token

    @needs:as.jar.alg @needs:as.oidc
    Scenario: The object is not signed, though Planner registered how it signs
      When Planner asks Ada for "openid read:appointments" in an unsigned request object, with "openid read:appointments write:appointments" beside it
      Then Planner is refused
      And Planner receives no token

    @needs:as.par @needs:as.oidc
    Scenario: Somebody has changed an object that is pushed
      When Planner asks Ada for "openid read:appointments" in a spoilt request object, pushed
      Then Planner is refused
      And Planner receives no token

    @control @needs:as.oidc
    Scenario: The object is as Planner signed it
      When Planner asks Ada for "openid read:appointments" in a request object, with "openid" beside it
      Then Planner holds at least "read:appointments"
