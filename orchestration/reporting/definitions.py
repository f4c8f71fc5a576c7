"""What the report's words mean, docs/metrics.md in short; each column's heading links here.

Keys are anchors on the page "About the data". A definition may name fields of `report_info` in braces.
"""

DEFINITIONS: dict[str, tuple[str, str]] = {
    "customers": ("Customers and sends", "On the Messages list and in a message's tiles, numbers count distinct customers and per cents are of the customers it was sent to; so a message whose sends were delivered to 92 % can have reached 96 % of its customers. Where numbers count sends, the heading says so, and per cents are of sends: sends add up, customers do not, since one can get several messages."),
    "sent": ("Sent", "Customers with a send that was not canceled. Sends: delivered + issue + pending + unconfirmed."),
    "delivered": ("Delivered", "A status said delivered, opened, clicked or replied. The time of delivery is that of the earliest status that says delivered; where delivery only follows from an open, a click or a reply, there is no time."),
    "issue": ("Delivery issue", "Not delivered, and a status said undelivered, failed, rejected, expired or, for email, hard or soft bounced. A customer who got one send and missed another counts as delivered and as issue."),
    "pending": ("Pending", "No final status yet, and less than {receipt_timeout_hours} hours since the send; or only accepted or scheduled is known of it."),
    "unconfirmed": ("Unconfirmed", "No final status {receipt_timeout_hours} hours or more after the send: many carriers never say."),
    "canceled": ("Canceled", "Neither delivered nor an issue, and a status said canceled. Not counted as sent."),
    "issue-reason": ("Issue reason", "SMS only: the reason that the carrier's error code stands for; without a known code, content too long (over 1,800 characters), country unsupported, or something went wrong."),
    "retry": ("Worth a retry", "Whether sending the same again later can succeed, by the carrier's error code; unknown where the code is not listed."),
    "replied": ("Replied", "Customers who replied to a send: the reply names it, or it is the latest send of the reply's channel to that number (or customer) in the {reply_window_days} days before, that neither failed nor was canceled."),
    "response": ("Reported responses", "SMS only: all keyword replies, and each customer's first reply to the message that is no keyword. A keyword is a reply whose whole text is a listed word, without case, spaces and punctuation around it."),
    "response-time": ("Response time", "From the send to the reply. The typical one is the median: half of the replies came sooner."),
    "opted-out": ("Opted out", "Customers who replied an opt-out keyword. Unsubscribed also counts unsubscribed statuses."),
    "possible-opt-out": ("May ask for no more messages", "A reply that is no keyword but asks for no more messages in ordinary language. It counts nowhere; a person has to decide. opt_out_review.csv lists all."),
    "engaged": ("Engaged", "Replied otherwise than by an opt-out keyword, clicked, reacted, completed, answered, reached the goal, tapped a button or left an address. Opening is counted but is not engagement, nor is unsubscribing."),
    "opened": ("Opened, clicked, goal, completed", "Customers, or sends where the heading says so, with such a status. SMS tell no opens."),
    "speed": ("Seconds to delivery", "From the send to the earliest status that says delivered. Half of the deliveries took at most the first number (p50), 95 and 99 of 100 at most the others (p95, p99)."),
    "segments": ("Segments", "What carriers bill: 160 characters (70 with characters outside the GSM alphabet) are one segment, longer texts are cut into segments of 153 or 67. The reported count, else the computed one."),
    "cost": ("Cost", "Prices that the extracts give, summed by currency; canceled sends that were priced count. Of a send without a price nothing is known."),
    "avoidable": ("Avoidable segments", "A character outside the GSM alphabet, such as a curly quote, leaves 70 characters in place of 160 to a segment. Segments that plain characters would save, where all of a text's characters can be replaced, and their part of the price."),
    "after-opt-out": ("Sent after an opt-out", "SMS to a number later than its opt-out (a keyword, its carrier, or an unsubscribed status) and before its next opt-in keyword; canceled ones do not count."),
    "quiet-hours": ("Quiet hours", "Before 8 or from 21 o'clock by the recipient's clocks, as far as country and area of the number tell; where they leave several time zones open, in all of them."),
    "number-type": ("Kind of number", "Landline, mobile or other, as the country's numbering plan says. Where a kind is marked, no SMS can reach it, whatever the carrier said; in North America landlines and mobiles can't be told apart."),
    "day": ("Day", "Day of the send in {reporting_timezone}, whenever things happened, so that all pages and files agree."),
    "trend": ("Trend", "Sends by day over the last 28 days, drawn to the message's own busiest day."),
    "alert": ("What got worse", "SMS of yesterday, or of the last hours where ALERT_HOURS is set, held against the 28 days before, by carrier, country, sender and message: the share with an issue, with an issue reason, without a final status or answered with an opt-out keyword ({alert_opt_out_percent} % and more), the time that 95 of 100 deliveries take, and volume that is gone. Only what chance and the usual differences of days do not explain is listed, from {alert_least_sends} sends on; what began less than a week ago is held against all SMS. Pending sends are not counted as failed; without a final status is told of the day {receipt_timeout_hours} hours earlier. Of alerts that the same sends cause, the clearest stands."),
    "over-messaged": ("Hears from us too often", "A customer to whom {over_messaged_count} or more sends of any channel were delivered in the 7 days that end at the as-of time."),
    "standing": ("Standing issue", "An SMS issue after which no SMS to the same number of the same customer was delivered."),
    "edition": ("Edition", "A version of the message (message_version_id), where the extracts tell several."),
    "unmapped": ("Unmapped code", "An error code of a carrier that no reason is listed for yet; its issues count as something went wrong."),
    "waiting": ("Waiting", "Status rows and replies whose send has not come yet; they are applied when it does."),
}  # fmt: skip
