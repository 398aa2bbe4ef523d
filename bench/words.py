"""The words that names, companies and notes are made of."""

FIRST = """
    James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica
    Thomas Karen Christopher Sarah Charles Lisa Daniel Nancy Matthew Sandra Anthony Betty Mark Ashley Donald Emily Steven
    Kimberly Andrew Margaret Paul Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa Timothy Deborah Ronald
    Stephanie George Rebecca Jason Sharon Edward Laura Jeffrey Cynthia Ryan Dorothy Jacob Amy Nicholas Kathleen Gary
    Angela Eric Shirley Jonathan Emma Stephen Brenda Larry Pamela Justin Nicole Scott Anna Brandon Samantha Benjamin
    Katherine Samuel Christine Gregory Helen Priya Arjun Ananya Rohan Wei Ming Xiu Yuki Haruto Sakura Ahmed Fatima Omar
    Layla Johanna Søren Zoë José Łukasz Renée Björn
""".split()

LAST = """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
    Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young
    Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter
    Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers
    Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez
    Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Sharma
    Singh Kumar Chen Wang Tanaka Sato Suzuki Müller Schmidt Novak Kowalski Ivanov Hansen Olsen Larsen Rossi Russo Silva
    Santos Oliveira
""".split()

COMPANY_ENDS = ["Ltd", "Inc", "GmbH", "Group", "Partners", "Labs", "Systems", "Logistics", "Consulting", "Foods"]
CITIES = ["Lisbon", "Austin", "Berlin", "Mumbai", "Osaka", "Toronto", "Nairobi", "Oslo", "Lyon", "Recife", "Leeds", "Porto"]
SOURCES = ["Website", "Referral", "Event", "Cold call", "Partner", "Advertisement", "Newsletter", "Chat"]
TITLES = ["CEO", "Head of Sales", "Buyer", "Office manager", "CTO", "Founder", "Operations lead", "Marketing manager"]
TAGS = """
    hot cold vip partner renewal pilot enterprise startup agency retail health finance education public energy travel
    food media sport legal urgent later budget trial webinar fair inbound outbound churned loyal
""".split()
NOTES = [
    "Asked for a quote for twenty seats and wants an answer this month. Office in",
    "Met at the fair, interested in the annual plan; budget is decided in autumn. Works from",
    "Called twice, left a message with the assistant. Prefers mail. Based in",
    "Uses a competitor until the contract ends; price matters less than support. Located in",
    "Wants a demo for the whole team, remote or on site in",
]
