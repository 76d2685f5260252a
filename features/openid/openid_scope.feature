Feature: The openid scope
  With openid a request is a sign-in; without it, it is not.

  @OIDC-01 @MUST @oidc-3.1.2.1 @oidc-3.1.3.3 @needs:as.code @needs:as.oidc
  Rule: With openid granted there is an ID token
    Otherwise the client cannot know who signed in.

    Scenario: Planner asks Ada to sign in
      When Planner asks Ada for "openid"
      Then Planner receives an ID token
      And the ID token and UserInfo name the same person to Planner

    Scenario: Planner asks for more than that
      When Planner asks Ada for "openid read:appointments"
      Then Planner receives an ID token

  @OIDC-02 @MAY @oidc-3.1.2.1 @oidc-3.1.2.2 @needs:as.code @needs:as.oidc @needs:as.oidc.optional
  Rule: Without openid a request is plain OAuth, or is refused
    Otherwise a client that never asked learns who Ada is.

    Scenario Outline: Planner asks for "<asked>"
      When Planner asks Ada for "<asked>" 5 times
      Then the choice of "without_openid" is the same each time
      And Planner receives no ID token
      And UserInfo tells Planner nothing

      Examples: an API scope with scopes that open claims
        | asked                           |
        | profile email read:appointments |

    @needs:as.device
    Scenario: Planner asks on a device
      When Planner asks Ada for "read:appointments" on a device
      Then Planner receives no ID token

    @needs:as.ropc
    Scenario: Planner asks with Ada's password
      When Planner asks Ada for "read:appointments" with the password of the owner
      Then Planner receives no ID token

    @needs:as.oidc.userinfo @control
    Scenario: With openid the claims are there
      When Planner asks Ada for "openid profile email read:appointments"
      Then UserInfo tells Planner at least one claim of "profile email"

  @OIDC-04 @MUST @rfc6749-3.3 @oidc-3.1.2.1 @needs:as.code @needs:as.oidc
  Rule: openid is a whole word, wherever it stands
    Otherwise a look-alike signs somebody in, or the order of words decides.

    Scenario Outline: "<asked>" is a sign-in
      When Planner asks Ada for "<asked>"
      Then Planner receives an ID token

      Examples: first and last
        | asked                    |
        | openid read:appointments |
        | read:appointments openid |

    @needs:as.oidc.asked
    Scenario Outline: "<asked>" is not
      When Planner asks Ada for "<asked>"
      Then Planner receives no ID token

      Examples: openid as a part of a longer word
        | asked                     |
        | read:appointments openidx |
        | xopenid read:appointments |

      Examples: openid in other letters
        | asked                    |
        | OPENID read:appointments |
