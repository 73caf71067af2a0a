//! Words for what people who do not exist do, where, and how well.

pub(super) const TITLES: &[&str] = &[
    "Shift Lead",
    "Store Manager",
    "Nurse",
    "Staff Nurse",
    "Electrician",
    "Project Manager",
    "Associate",
    "Senior Associate",
    "Partner",
    "Accountant",
    "Payroll Specialist",
    "Chargé de mission",
    "Facharzt für Innere Medizin",
    "Sales Representative",
    "Account Executive",
    "Software Engineer",
    "Site Reliability Engineer",
    "Warehouse Operative",
    "Driver",
    "Chef de rang",
    "Head of Operations",
    "HR Business Partner",
    "Paralegal",
    "Legal Counsel",
    "Customer Success Manager",
    "Technician",
    "Maintenance Planner",
    "Quality Inspector",
    "Data Analyst",
    "Trainer",
    "Receptionist",
    "Buyer",
];
pub(super) const EMPLOYMENTS: &[&str] =
    &["Full-time employee", "Part-time employee", "Contractor", "Apprentice", "Temporary employee"];
pub(super) const PRACTICES: &[&str] = &[
    "Litigation",
    "Tax",
    "Corporate",
    "Real Estate",
    "Employment",
    "Intellectual Property",
    "Finance",
    "Restructuring",
];
pub(super) const OFFICES: &[&str] = &[
    "London",
    "København",
    "Paris",
    "München",
    "Madrid",
    "Lisboa",
    "Roma",
    "Kraków",
    "İstanbul",
    "Київ",
    "東京",
    "上海",
    "Mumbai",
    "Lagos",
    "Auckland",
    "São Paulo",
];
pub(super) const PODS: &[&str] = &["Blue", "Green", "Amber", "North Star", "Pod 7"];
pub(super) const SENIORITIES: &[&str] =
    &["Junior", "Mid-level", "Senior", "Principal", "Partner", "Of counsel"];
pub(super) const HOBBIES: &[&str] =
    &["Chess", "Rowing", "Bouldering", "Choir", "Beekeeping", "Fado", "Go", "Knitting", "Astronomy"];
pub(super) const SHIRTS: &[&str] = &["XS", "S", "M", "L", "XL", "XXL"];
pub(super) const SKILLS: &[&str] = &[
    "Welding",
    "First aid",
    "Forklift",
    "Français",
    "Deutsch",
    "日本語",
    "SQL",
    "Contract law",
    "Phlebotomy",
    "Rigging",
];
