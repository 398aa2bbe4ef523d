"""The mail templates of the starter packs: name, subject, text. A lead is itself who is written to; others have a contact."""

Mails = tuple[tuple[str, str, str], ...]

SIGNED = "\n\nKind regards\n{{ me.name }}\n{{ org.name }}"

SALES: Mails = (
    (
        "Thank you for your enquiry",
        "Your enquiry to {{ org.name }}",
        "Dear {{ record.name }},\n\nthank you for writing to us. So that I can suggest something that fits, may I "
        "call you this week? A quarter of an hour is enough. Tell me a time that suits you, and the number to reach "
        "you at." + SIGNED,
    ),
    (
        "After our meeting",
        "What we agreed on",
        "Dear {{ record.name }},\n\nthank you for your time today. In short, this is what I understood:\n\n- \n- \n\n"
        "I will send you our proposal by the end of the week. If I have missed something, just answer this mail." + SIGNED,
    ),
    (
        "Our proposal",
        "Our proposal: {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nhere is our proposal for {{ record.name }}, over {{ record.currency }} {{ "
        "record.amount }}. It holds for thirty days.\n\nShall we go through it together on the phone?" + SIGNED,
    ),
    (
        "Have you had time to look?",
        "{{ record.name }}: any questions?",
        "Dear {{ contact.first_name }},\n\na week ago I sent you our proposal for {{ record.name }}. Is anything "
        "unclear, or has something changed on your side? A short yes, no or not yet helps me to plan." + SIGNED,
    ),
    (
        "Welcome as a customer",
        "Welcome to {{ org.name }}",
        "Dear {{ contact.first_name }},\n\nwe are glad that you chose us. I stay your contact: whatever comes up, "
        "write to {{ me.email }}.\n\nIn the next days you hear from us about dates and delivery." + SIGNED,
    ),
)

EDUCATION: Mails = (
    (
        "Thank you for your interest",
        "{{ org.name }}: your questions about our school",
        "Dear {{ record.name }},\n\nthank you for your interest in our school. I am your counselor, and glad to "
        "answer what you want to know about programs, fees and places.\n\nWhen would a call suit you?" + SIGNED,
    ),
    (
        "Invitation to visit us",
        "Come and see {{ org.name }}",
        "Dear {{ record.name }},\n\nno brochure shows a school as a visit does. We would like to show you and your "
        "child the classrooms, and you can speak with teachers. It takes about an hour.\n\nWhich morning suits you?" + SIGNED,
    ),
    (
        "What your application needs",
        "Your application: what we still need",
        "Dear {{ record.name }},\n\nfor your application please send us:\n\n- the last two school reports\n- a copy "
        "of the birth certificate or passport\n- the signed application form\n\nPhotos of the pages are fine. As "
        "soon as all is there, you hear from us within five working days." + SIGNED,
    ),
    (
        "A place is offered",
        "Good news from {{ org.name }}",
        "Dear {{ record.name }},\n\nwe are happy to offer you a place. To keep it, please confirm within two weeks "
        "by answering this mail; the contract follows by post.\n\nWelcome!" + SIGNED,
    ),
    (
        "Before the first day",
        "The first day at {{ org.name }}",
        "Dear {{ record.name }},\n\nthe first day is near. Please come at a quarter past eight to the main entrance, "
        "where the class teacher meets you. All that is needed is a pencil case and something to eat." + SIGNED,
    ),
)

SUPPORT: Mails = (
    (
        "We are on it",
        "[#{{ record.number }}] {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nthank you for telling us. Your case has the number #{{ record.number }}, "
        "and I am working on it. You hear from me as soon as I know more." + SIGNED,
    ),
    (
        "We need some details",
        "[#{{ record.number }}] A question about {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nto find the cause, please tell me:\n\n- what you did just before\n- what "
        "you saw, word for word or as a picture\n- which version you use\n\nJust answer this mail." + SIGNED,
    ),
    (
        "Please try this",
        "[#{{ record.number }}] Please try this",
        "Dear {{ contact.first_name }},\n\nplease try these steps:\n\n1. \n2. \n\nDoes it work now? If not, tell me "
        "at which step it stopped." + SIGNED,
    ),
    (
        "It is solved",
        "[#{{ record.number }}] Solved: {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nthe cause is found and removed, so I close your case. If it comes back, "
        "answer this mail, and the case is open again." + SIGNED,
    ),
    (
        "Planned maintenance",
        "Maintenance at {{ org.name }}",
        "Dear {{ contact.first_name }},\n\non Sunday between six and eight in the morning we do maintenance. For a "
        "few minutes our service will not be reached. You need not do anything." + SIGNED,
    ),
)

AGENCY: Mails = (
    (
        "Thank you for the brief",
        "Your brief: {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nthank you for the brief for {{ record.name }}, we like it. Before we "
        "begin, three questions:\n\n- Who decides, and by when?\n- What has worked before, and what has not?\n- Is "
        "the budget fixed?\n\nThen we come back with a date for the pitch." + SIGNED,
    ),
    (
        "Invitation to the pitch",
        "Our ideas for {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nour ideas for {{ record.name }} are ready. We would like to show them to "
        "you and your team, in about forty-five minutes. Would one of these days suit you?\n\n- \n-" + SIGNED,
    ),
    (
        "Our offer",
        "Offer: {{ record.name }}",
        "Dear {{ contact.first_name }},\n\nas discussed, our offer for {{ record.name }}: {{ record.currency }} {{ "
        "record.amount }}, with two rounds of changes. We can begin within ten days of your yes." + SIGNED,
    ),
    (
        "Please approve",
        "{{ record.name }}: please approve by Friday",
        "Dear {{ contact.first_name }},\n\nthe drafts for {{ record.name }} are ready for you. Please approve them "
        "by Friday, or mark what to change, so that we keep the date." + SIGNED,
    ),
    (
        "How did we do?",
        "{{ record.name }} is done. How did we do?",
        "Dear {{ contact.first_name }},\n\n{{ record.name }} is out, and it was a pleasure. What went well, and what "
        "should we do better next time? Two lines are plenty." + SIGNED,
    ),
)
