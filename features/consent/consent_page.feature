Feature: What the resource owner is shown, and decides
  Consent is worth what the page says and what becomes of the answer.

  @CONS-01 @SHOULD @rfc6749-10.2 @rfc6819-5.2.4.2 @fapi2-5.3.2.1 @needs:as.code @needs:consent.ui!=none @needs:consent.driver.lists @needs:fx.clients.fresh
  Rule: The resource owner is shown exactly the scopes that approving would grant
    A scope that was never shown was never agreed to.

    Scenario Outline: Ada is asked about "<asked>"
      When Planner asks Ada for "<asked>"
      Then Ada was asked about exactly "<asked>"
      And Planner holds no scope beyond "<asked>"

      Examples: one scope, and several
        | asked                                |
        | read:appointments                    |
        | write:appointments                   |
        | read:appointments write:appointments |

    @needs:as.oidc
    Scenario: Ada is asked about everything
      When Planner asks Ada for "openid profile email read:appointments write:appointments"
      Then Ada was asked about exactly "openid profile email read:appointments write:appointments"
      And Planner holds no scope beyond "openid profile email read:appointments write:appointments"

    @needs:as.oidc @needs:fx.users>=2
    Scenario: Bo's page, which may be in another language, says as much
      When Planner asks Bo for "openid profile email read:appointments"
      Then Bo was asked about exactly "openid profile email read:appointments"
      And Planner holds no scope beyond "openid profile email read:appointments"

    @needs:fx.clients.public
    Scenario: Ada is asked by a public client
      When Pocket asks Ada for "read:appointments write:appointments"
      Then Ada was asked about exactly "read:appointments write:appointments"
      And Pocket holds no scope beyond "read:appointments write:appointments"

  @CONS-03 @MUST @rfc6749-4.1.2.1 @needs:as.code @needs:consent.ui!=none @needs:consent.deny @needs:fx.clients.fresh
  Rule: Denying the request gives access_denied and issues nothing
    Otherwise "no" means "some".

    @needs:consent.deny
    Scenario: Ada denies
      Given Ada will deny
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner is refused with "access_denied"
      And Planner receives no token
      And Planner gets its state back

    @control
    Scenario: Ada agrees, so there is something to deny
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner holds at least "read:appointments write:appointments"

  @CONS-04 @MUST @oidc-3.1.2.4 @rfc6749-10.2 @derived @needs:as.code @needs:consent.ui!=none @needs:consent.deny @needs:as.oidc.prompt @needs:fx.clients.fresh
  Rule: A denial is not kept as consent
    Otherwise the next silent request succeeds where Ada said no.

    @needs:consent.deny
    Scenario: After a denial a silent request fails
      Given Ada has denied Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner is refused
      And Planner receives no token

    @needs:consent.deny
    Scenario: After two denials a silent request fails as well
      Given Ada has denied Planner "openid read:appointments"
      And Ada has denied Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner is refused
      And Planner receives no token

    @control @needs:consent.remembered @needs:as.oidc.silent
    Scenario: After a yes a silent request succeeds
      Given Ada has granted Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments" silently
      Then Planner holds at least "openid read:appointments"

    @needs:consent.deny
    Scenario: After a denial Ada is asked again
      Given Ada has denied Planner "openid read:appointments"
      When Planner asks Ada for "openid read:appointments"
      Then Ada was asked, or Planner is refused

  @CONS-05 @GUIDANCE @okta-api-scopes @needs:as.code @needs:consent.ui=granular @needs:consent.required_scopes
  Rule: Declining a scope that is declared as required is never turned into granting it
    Otherwise the page offers a choice and the server makes it.

    Scenario: Ada deselects the required scope
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "read:appointments" and the required scopes
      Then Planner holds none of the required scopes

    @control
    Scenario: Ada grants it, and Planner has it
      When Planner asks Ada for "read:appointments" and the required scopes
      Then Planner holds at least the required scopes

  @CONS-06 @GUIDANCE @okta-api-scopes @google-granular @needs:as.code @needs:consent.ui=granular
  Rule: Leaving out what is optional does not end the request
    Otherwise a choice of scopes is a choice between all and nothing.

    @needs:as.oidc
    Scenario Outline: Ada keeps only "<kept>"
      Given Ada will grant only "<kept>"
      When Planner asks Ada for "<asked>"
      Then Planner holds exactly "<kept>"

      Examples: all but one, and all but several
        | asked                                                     | kept                      |
        | openid read:appointments write:appointments               | openid write:appointments |
        | openid profile email read:appointments write:appointments | openid read:appointments  |

    @needs:as.oidc
    Scenario: Ada keeps nothing but her name, for which there need be no box
      Given Ada will grant only "openid"
      When Planner asks Ada for "openid read:appointments write:appointments"
      Then Planner holds exactly "openid", or is refused

  @CONS-07 @MUST @rfc6749-10.2 @rfc6749-10.12 @derived @needs:as.code @needs:consent.ui!=none @needs:consent.driver.adds
  Rule: The answer to the consent page can only narrow the request
    What the browser posts is chosen by whoever controls the page.

    Scenario Outline: The form is sent with "<added>" added
      Given Ada will add "<added>" to the form
      When Planner asks Ada for "read:appointments"
      Then Planner holds no scope beyond "read:appointments"
      And Planner cannot create an appointment for Ada
      And Ada's calendar is unchanged

      Examples: a scope that Planner could have asked for, one about Ada herself, one that nobody knows
        | added              |
        | write:appointments |
        | email              |
        | x-unknown:scope    |

    @control
    Scenario: The same form, untouched, grants what was asked
      When Planner asks Ada for "read:appointments write:appointments"
      Then Planner can create an appointment for Ada

  @CONS-08 @MUST @rfc6749-10.12 @derived @needs:as.code @needs:consent.ui!=none @needs:consent.driver=form @needs:consent.final @needs:consent.signed_in @needs:fx.users>=2
  Rule: An answer counts only for the session, the person and the request it was made for
    Otherwise Bo's browser can agree for Ada.

    Scenario: Bo's browser sends Ada's form
      Given Ada is shown what Planner asks: "read:appointments write:appointments"
      When Bo sends the form that Ada was shown
      Then Planner receives no code

    Scenario: Another site has Bo's browser send it
      Given Ada is shown what Planner asks: "read:appointments write:appointments"
      When Bo sends the form that Ada was shown from another site
      Then Planner receives no code

    @control
    Scenario: Ada's own browser sends it
      Given Ada is shown what Planner asks: "read:appointments write:appointments"
      When Ada sends the form that Ada was shown
      Then Planner receives a code

    Scenario: A second answer does not count
      Given Ada is shown what Planner asks: "read:appointments write:appointments"
      And Ada has sent the form that Ada was shown
      When Ada sends the form that Ada was shown
      Then Planner receives no code

  @CONS-18 @GUIDANCE @rfc6749-10.2 @needs:as.code @needs:consent.ui!=none @needs:consent.driver.text @needs:consent.final @needs:fx.clients.fresh
  Rule: Requests for different access do not look the same
    Nobody can agree to write on a page that says read.

    Scenario: Reading, writing and both are three different pages
      When Ada is asked by Planner for each of these:
        | scope                                |
        | read:appointments                    |
        | write:appointments                   |
        | read:appointments write:appointments |
      Then no two pages say the same

  @CONS-17 @MUST @oidc-5.4 @oidc-3.1.2.4 @derived @needs:as.code @needs:consent.ui=granular @needs:consent.openid_deselectable @needs:as.oidc.userinfo
  Rule: Declining openid leaves no ID token and no UserInfo
    Otherwise the client learns who Ada is although she said no.

    Scenario: Ada lets Planner read, but not know who she is
      Given Ada will grant only "read:appointments"
      When Planner asks Ada for "openid read:appointments"
      Then Planner receives no ID token
      And UserInfo refuses Planner
      And Planner can read an appointment of Ada

    @control
    Scenario: With openid there are both
      When Planner asks Ada for "openid read:appointments"
      Then Planner receives an ID token
      And UserInfo tells Planner at least one claim of "openid"
